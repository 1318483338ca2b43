/** A store as its task handles it: what happens around operators, in the order of a commit. */
import type { RestoredChange, StoreChange, StoreDeclaration } from './store.js';

/** How often each layer answered a read, and what is kept. Counters only go up. */
export interface StoreStatistics {
  /** Reads answered by a write that is not committed yet. */
  readonly uncommitted: number;
  /** Reads answered from memory, the absent included. */
  readonly cache: number;
  /** Reads that found an entry in the engine. */
  readonly engine: number;
  /** Reads that asked the engine and found nothing. */
  readonly miss: number;
  /** Reads answered without the engine, of all reads; Kafka Streams' `hit-ratio`. 1 when there was no read. */
  readonly hitRatio: number;
  /** Writes that are not committed yet, those being committed included. */
  readonly uncommittedWrites: number;
  readonly cachedEntries: number;
}

export interface TaskStore {
  readonly declaration: StoreDeclaration;
  /** The changelog offset that the engine's content stands for; undefined: to be rebuilt. */
  readonly position: number | undefined;
  readonly statistics: StoreStatistics;
  /** Whether the content lacks what the declaration needs and the changelog has. */
  readonly mustBeRebuilt: boolean;

  /**
   * Holds what the store was written as against its declaration. Called once it is restored, before the first read.
   * @throws TopologyError that names the store, what has changed, and what to do
   */
  mustBeReadable(): void;

  /** Removes what one record wrote: it failed and leaves nothing. Costs next to nothing when it wrote nothing. */
  discard(sequence: number): void;

  /** Removes what all records from this one on wrote: they will be run again. */
  discardFrom(sequence: number): void;

  /**
   * Begins a commit: the last change of each key written up to this record. They stay readable; then call either
   * `committed` or `reverted`.
   * @throws when a commit has begun already
   */
  takeUpTo(sequence: number): readonly StoreChange[];

  /**
   * The broker has committed what was taken. At once the values are committed for all readers; resolves when the
   * engine has them, with the position, safe from the death of the process.
   *
   * @param position the changelog offset after the last change of this commit
   * @throws (rejects) when the engine cannot write: the task must stop; what the broker committed is in the changelog
   */
  committed(position: number): Promise<void>;

  /** The commit did not take place: what was taken is uncommitted again. */
  reverted(): void;

  /** Forgets every uncommitted write: the partition is lost, and with it the right to write. */
  dropUncommitted(): void;

  /** Applies a batch of the changelog, oldest first. Nothing may be uncommitted. */
  restore(changes: readonly RestoredChange[], position: number): Promise<void>;

  /** Forgets content and position, so that the store can be rebuilt. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
