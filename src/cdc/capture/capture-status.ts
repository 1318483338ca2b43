/** What a capture says of itself. */
import { formatLsn } from './log-position.js';

/**
 * - `connecting`: on its way to the broker and the database for the first time
 * - `snapshot`: the rows that are there are published
 * - `streaming`: changes are published as they are committed
 * - `reconnecting`: the database is away; nothing is lost meanwhile, it keeps the log
 * - `completed`: under `snapshot.mode=initial_only`, the snapshot is published
 * - `failed`: see `error`; it does not go on
 */
export type CaptureState =
  | 'stopped'
  | 'connecting'
  | 'snapshot'
  | 'streaming'
  | 'reconnecting'
  | 'completed'
  | 'failed';

export interface CaptureStatus {
  readonly state: CaptureState;
  /** Of this run's snapshot; undefined when none was needed. */
  readonly snapshot:
    | { readonly tables: number; readonly tablesDone: number; readonly rows: number; readonly isCompleted: boolean }
    | undefined;
  /** Where the last transaction ends that was published whole, as PostgreSQL writes a position. */
  readonly commitLsn: string | undefined;
  /** Up to where the server was told that the log is no longer needed. */
  readonly acknowledgedLsn: string | undefined;
  /** Bytes of log that the server has written and we have not acknowledged, when last measured. */
  readonly lagBytes: number | undefined;
  /** Bytes of log that the server keeps for the slot, when last measured. A capture that stands still fills its disk. */
  readonly walKeptBytes: number | undefined;
  /** Changes and snapshot rows handed to the broker by this run, by `schema.table`. */
  readonly events: Readonly<Record<string, number>>;
  /** Of `failed`, and the last one of `reconnecting` or of a broker that is away. */
  readonly error: Error | undefined;
}

/** Keeps the status. */
export class CaptureTracker {
  state: CaptureState = 'stopped';
  error: Error | undefined;
  lag: { readonly keptBytes: number; readonly lagBytes: number } | undefined;
  publishedLsn: number | undefined;
  acknowledgedLsn: number | undefined;
  snapshot: { tables: number; tablesDone: number; rows: number; isCompleted: boolean } | undefined;
  readonly #events = new Map<string, number>();

  count(table: string): void {
    this.#events.set(table, (this.#events.get(table) ?? 0) + 1);
  }

  get status(): CaptureStatus {
    const { snapshot, publishedLsn, acknowledgedLsn } = this;
    return {
      state: this.state,
      snapshot: snapshot && { ...snapshot },
      commitLsn: publishedLsn === undefined ? undefined : formatLsn(publishedLsn),
      acknowledgedLsn: acknowledgedLsn === undefined ? undefined : formatLsn(acknowledgedLsn),
      lagBytes: this.lag?.lagBytes,
      walKeptBytes: this.lag?.keptBytes,
      events: Object.fromEntries(this.#events),
      error: this.error,
    };
  }
}
