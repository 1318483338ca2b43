/** The table sink as a user meets it: what it is made of, what it says of itself. */
import type { Broker } from '../../brokers/port.js';
import type { Clock } from '../../clock.js';
import type { RecordError } from '../../errors.js';
import { RunningSink } from './running-sink.js';
import { parseSinkConfig, type TableSinkConfig } from './sink-config.js';
import type { SinkRecord, SinkSerdes } from './sink-record.js';

export interface TableSinkParts {
  readonly broker: Broker;
  readonly clock: Clock;
  /** How the records of a topic are encoded. Key and value must carry their schema (Avro, JSON with schema). */
  readonly serdes: (topic: string) => SinkSerdes;
  /** Told of records once they are committed in the database: every one, also those that a later one replaced at once. */
  readonly onWritten?: (records: readonly SinkRecord[]) => void;
  /** Told of a record that was left out under `errors.tolerance=all`. */
  readonly onRefused?: (error: RecordError) => void;
  /** Told when the state changes, and when it waits for somebody else (see {@link awaited}). */
  readonly onState?: (state: SinkState, reason: Error | undefined, before: SinkState) => void;
}

/** `waiting`: for the database, the broker or the schema registry; `failed`: see the reason, a restart meets the same record again. */
export type SinkState = 'created' | 'running' | 'waiting' | 'failed' | 'stopped';

export interface SinkStatus {
  readonly state: SinkState;
  /** Why it waits or has failed. */
  readonly reason: Error | undefined;
  /** Records written since the start, deletes among them. */
  readonly written: number;
  /** Records left out under `errors.tolerance=all`. */
  readonly refused: number;
  /** Records in the sink's partitions that are not written yet; undefined while that cannot be asked. */
  readonly lag: number | undefined;
}

export interface TableSink {
  /** Joins the group and begins. Does not wait for the database. */
  start(): Promise<void>;
  /** Writes what is in the topics already, then stops; gives up waiting for the database after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Finishes the write under way, commits, leaves the group. Safe to call twice, and while the database is away. */
  stop(): Promise<void>;
  status(): Promise<SinkStatus>;
  /** Resolves when it has stopped (undefined) or failed (why). */
  readonly ended: Promise<Error | undefined>;
}

/**
 * Makes a sink; `start` opens it.
 *
 * @throws ConfigurationError for a setting that it does not have
 * @example
 * const sink = tableSink(
 *   { topics: 'car_data_predicted', 'connection.url': postgres.url, 'schema.evolution': 'basic' },
 *   { broker, clock: systemClock, serdes: () => ({ key: connectJson(), value: connectJson() }) },
 * );
 * await sink.start();
 */
export function tableSink(config: TableSinkConfig, parts: TableSinkParts): TableSink {
  return new RunningSink(parseSinkConfig(config), parts);
}
