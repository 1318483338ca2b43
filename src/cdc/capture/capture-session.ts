/**
 * One time of being connected: from the connections to their end.
 *
 * E1. The server is told that the log is done up to where the broker has committed, and never further; between
 *     transactions, with nothing waiting, that is all that the server has sent.
 */
import type { Clock, Timer } from '../../clock.js';
import { asError } from '../../errors.js';
import type { CaptureSettings } from './capture-config.js';
import type { CapturePosition, LogIdentity } from './capture-position.js';
import type { CaptureSchemas } from './capture-schemas.js';
import type { CaptureTracker } from './capture-status.js';
import type { CaptureTopics } from './capture-topics.js';
import { topicOf } from './captured-table.js';
import { CapturedTables } from './captured-tables.js';
import type { ChangeRecords } from './change-records.js';
import { ChangeStream } from './change-stream.js';
import { type Connection, connect, disconnect } from './connection.js';
import { heartbeat } from './heartbeat.js';
import type { CaptureLogger } from './logger.js';
import { ensurePublication } from './publication.js';
import type { Publisher } from './publisher.js';
import { ReplicationConnection } from './replication-connection.js';
import { exportSnapshot, measureSlot } from './replication-slot.js';
import { takeSnapshot } from './snapshot.js';
import { identify, startingPoint } from './starting-point.js';
import { listTables } from './table-definition.js';
import { fullName, isIncluded } from './table-filter.js';
import { transactionTopic } from './transaction-metadata.js';

export interface SessionParts {
  readonly settings: CaptureSettings;
  readonly records: ChangeRecords;
  readonly publisher: Publisher;
  readonly topics: CaptureTopics;
  readonly schemas: CaptureSchemas;
  readonly tracker: CaptureTracker;
  readonly clock: Clock;
  readonly logger: CaptureLogger;
  /** Called when rows or changes begin to come. */
  readonly onStarted: () => void;
}

export class CaptureSession {
  readonly #parts: SessionParts;
  readonly #lost: Promise<never>;
  readonly #breaks: (error: Error) => void;
  readonly #timers = new Set<Timer>();
  #catalogue: Connection | undefined;
  #replication: ReplicationConnection | undefined;
  #stream: ChangeStream | undefined;
  #acknowledged = 0;
  #asking: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    let breaks: (error: Error) => void = () => undefined;
    this.#lost = new Promise((_resolve, reject) => {
      breaks = reject;
    });
    // Whoever runs the session races with it; before and after, nobody needs to hear of it.
    this.#lost.catch(() => undefined);
    this.#breaks = breaks;
  }

  /** Ends the session with an error. */
  break(error: Error): void {
    this.#breaks(error);
  }

  /**
   * Captures until `close`, or until the snapshot is done where that is all.
   *
   * @throws whatever ended it; `isPassing` says whether another session may fare better
   */
  async run(published: CapturePosition | undefined): Promise<'completed' | 'closed'> {
    try {
      return await Promise.race([this.#run(published), this.#lost]);
    } catch (error) {
      if (this.#closed) return 'closed';
      throw error;
    } finally {
      await this.close();
    }
  }

  /** The broker has committed up to here. */
  published(position: CapturePosition): void {
    this.#acknowledge(position.lsn);
  }

  /** Resolves when both connections are closed. What was published is acknowledged before. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    const replication = this.#replication;
    const catalogue = this.#catalogue;
    this.#replication = undefined;
    this.#catalogue = undefined;
    await replication?.close();
    if (catalogue !== undefined) await disconnect(catalogue);
  }

  async #run(published: CapturePosition | undefined): Promise<'completed' | 'closed'> {
    const { settings, tracker, logger, onStarted } = this.#parts;
    const catalogue = await connect(settings, 'capture', this.#breaks);
    this.#catalogue = catalogue;
    if (this.#closed) return this.#closedMeanwhile();
    const replication = await ReplicationConnection.open(settings, this.#breaks);
    this.#replication = replication;
    if (this.#closed) return this.#closedMeanwhile();

    const { client } = catalogue;
    const identity = await identify(client, replication, settings);
    const included = (await listTables(client)).filter((table) => isIncluded(table, settings['table.include.list']));
    const listed = included.filter((table) => !table.isPartitioned);
    for (const table of included) {
      if (table.isPartitioned)
        logger.warn(`${fullName(table)} is partitioned: its partitions are captured, each by its name`);
    }
    if (listed.length === 0) logger.warn('no table of the database matches table.include.list yet');
    await ensurePublication(client, settings, listed, logger);
    // Now, so that who waits for the start finds the topics of all tables, whether or not they have rows.
    for (const table of listed) await this.#parts.topics.ensure(topicOf(settings['topic.prefix'], table));

    const tables = new CapturedTables(settings, logger, async ({ topic, keySchema, valueSchema }) => {
      await this.#parts.topics.ensure(topic);
      await this.#parts.schemas.register(topic, keySchema, valueSchema);
    });
    const start = await startingPoint(client, replication, settings, identity, published, logger);
    if (start.kind === 'nothing to do') return 'completed';
    let from: Pick<CapturePosition, 'lsn' | 'lastCommitLsn' | 'partial'>;
    if (start.kind === 'snapshot') {
      const oids = listed.map((table) => table.oid);
      from = await this.#snapshot(catalogue, identity, tables, oids);
      if (settings['snapshot.mode'] === 'initial_only') return 'completed';
    } else {
      from = start.from;
    }

    const { records, publisher } = this.#parts;
    const stream = new ChangeStream(
      {
        identity,
        tombstones: settings['tombstones.on.delete'],
        transactionTopic: settings['provide.transaction.metadata']
          ? transactionTopic(settings['topic.prefix'])
          : undefined,
      },
      {
        describe: (relation) => this.#afterOthers(() => tables.ofRelation(client, relation)),
        tables,
        records,
        publisher,
        onEvent: (table) => tracker.count(table),
      },
      from,
    );
    this.#stream = stream;
    const streaming = replication.stream(settings['slot.name'], settings['publication.name'], from.lsn, {
      onMessage: (lsn, message) => stream.accept(lsn, message),
      onKeepalive: (logEnd, replyRequested) => this.#keepalive(logEnd, replyRequested),
    });
    tracker.state = 'streaming';
    this.#acknowledge(published?.lsn ?? 0);
    this.#every(settings['status.update.interval.ms'], () => this.#report());
    if (settings['heartbeat.interval.ms'] > 0) this.#every(settings['heartbeat.interval.ms'], () => this.#heartbeat());
    onStarted();
    await streaming;
    return 'closed';
  }

  async #snapshot(
    catalogue: Connection,
    identity: LogIdentity,
    tables: CapturedTables,
    oids: readonly number[],
  ): Promise<CapturePosition> {
    const { settings, records, publisher, tracker, clock, logger, onStarted } = this.#parts;
    const { client } = catalogue;
    // A connection of its own: its temporary slot ends with it, and would keep the log as long.
    const exporting = await ReplicationConnection.open(settings, this.#breaks);
    try {
      const exported = await exportSnapshot(exporting, settings['slot.name']);
      const end: CapturePosition = { ...identity, lsn: exported.lsn, lastCommitLsn: null, partial: null };
      const progress = { tables: oids.length, tablesDone: 0, rows: 0, isCompleted: false };
      tracker.snapshot = progress;
      tracker.state = 'snapshot';
      onStarted();
      await takeSnapshot(
        client,
        exported.name,
        oids,
        (oid) => tables.ofCatalogue(client, oid),
        {
          records,
          publisher,
          clock,
          fetchSize: settings['snapshot.fetch.size'],
          progress: {
            onTable: (table, done) => {
              progress.tablesDone = done;
              logger.info(`snapshot of ${table} read`);
            },
            onRow: (table) => {
              progress.rows++;
              tracker.count(table);
            },
          },
        },
        end,
      );
      await publisher.drained();
      progress.isCompleted = true;
      logger.info(`snapshot of ${progress.tables} tables published: ${progress.rows} rows`);
      return end;
    } finally {
      await exporting.close();
    }
  }

  #closedMeanwhile(): Promise<'closed'> {
    return this.close().then(() => 'closed');
  }

  #keepalive(logEnd: number, replyRequested: boolean): void {
    if (this.#stream?.isBetweenTransactions && this.#parts.publisher.isIdle && logEnd > this.#acknowledged) {
      this.#acknowledge(logEnd);
    } else if (replyRequested) {
      this.#acknowledge(this.#acknowledged);
    }
  }

  #acknowledge(lsn: number): void {
    if (lsn > this.#acknowledged) this.#acknowledged = lsn;
    this.#parts.tracker.acknowledgedLsn = this.#acknowledged;
    this.#replication?.acknowledge(this.#acknowledged, 'silent', this.#parts.clock.now());
  }

  /** Tells the server that we live, asks it where the log ends, and looks at what it keeps for us. */
  #report(): void {
    const { settings, tracker, clock } = this.#parts;
    this.#replication?.acknowledge(this.#acknowledged, 'answer', clock.now());
    const client = this.#catalogue?.client;
    if (client === undefined) return;
    this.#afterOthers(() => measureSlot(client, settings['slot.name'])).then(
      (lag) => {
        tracker.lag = lag;
      },
      (error: unknown) => this.#breaks(asError(error)),
    );
  }

  /** One question to the catalogue at a time: a connection answers no more. */
  #afterOthers<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.#asking.then(ask);
    // Who asked is told of an error; the next in line is not.
    this.#asking = answer.catch(() => undefined);
    return answer;
  }

  #heartbeat(): void {
    const { publisher, records, settings, clock } = this.#parts;
    const stream = this.#stream;
    // Between transactions only: a record inside one would make a part of it look whole.
    if (stream === undefined || !stream.isBetweenTransactions) return;
    publisher.add([heartbeat(records, settings, clock.now())], undefined);
    publisher.settle(stream.position);
  }

  #every(intervalMs: number, action: () => void): void {
    const timer = this.#parts.clock.after(intervalMs, () => {
      this.#timers.delete(timer);
      if (this.#closed) return;
      action();
      this.#every(intervalMs, action);
    });
    this.#timers.add(timer);
  }
}
