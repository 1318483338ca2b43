import type { Broker, ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import type { ErrorHandler } from '../error-handler.js';
import type { BrokerError, RecordError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import type { StoreEngines } from '../state/store.js';
import type { Topology } from '../topology/graph.js';
import type { CapacityLimits } from './capacity.js';
import type { Changelog } from './changelog.js';
import type { CommitListener, ProcessingGuarantee } from './committer.js';
import type { RestoreListener } from './restore.js';
import type { RecordTracer } from './traced-codec.js';
import type { Codec, Taps } from './wiring.js';

/** What a worker tells the application. */
export interface WorkerListener extends CommitListener {
  /** Partitions come or go, or stores are being restored. */
  rebalancing(): void;
  /** Every task runs. */
  running(): void;
  /** A record was skipped or dead-lettered. */
  dropped(error: RecordError, decision: 'skip' | 'dead-letter'): void;
  /** The deadline passed: what was in flight is dropped, and read again by whoever gets the partition. */
  abandoned(taskId: string, records: number): void;
  /** The broker could not be asked just now; it is tried again. */
  retrying(error: BrokerError): void;
}

/** Everything that a worker works with. Times in milliseconds. */
export interface WorkerSettings {
  readonly topology: Topology;
  readonly sourceTopics: readonly string[];
  /** Changelogs by store; a store without one keeps none. */
  readonly changelogs: ReadonlyMap<string, Changelog>;
  readonly applicationId: string;
  readonly guarantee: ProcessingGuarantee;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly taps: Taps;
  readonly engines: StoreEngines;
  readonly storeCacheEntries: number;
  readonly commitIntervalMs: number;
  readonly maxPollRecords: number;
  readonly maxPollIntervalMs: number;
  readonly inFlight: CapacityLimits;
  readonly revokeDeadlineMs: number;
  readonly drainDeadlineMs: number;
  /** Where to start without a committed offset, by topic. */
  readonly offsetReset: (topic: string) => 'earliest' | 'latest' | 'none';
  /** Where a partition ends for this run (the next offset after its last record), by `topic-partition`. */
  readonly bounds: ReadonlyMap<string, number> | undefined;
  /** Most records read in a second; undefined: as fast as it goes. */
  readonly recordsPerSecond: number | undefined;
  readonly listener: WorkerListener;
  readonly restoreListener: RestoreListener;
  /** Undefined: nobody traces. */
  readonly tracer: RecordTracer | undefined;
  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P>;
  handler(phase: RecordError['phase']): ErrorHandler;
  deadLetter(raw: ConsumedRecord, error: RecordError): ProduceRequest;
}
