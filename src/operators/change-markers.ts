import type { ChangeOperation } from '../record.js';

/** Where the changes of a key have got to in the database's log. */
export interface KeyPosition {
  /** In decimal; null while no change of the key had a position. */
  readonly lsn: string | null;
  /** Milliseconds since the epoch at which the database committed the change there, or read the row in a snapshot. */
  readonly tsMs: number;
  /** Whether a snapshot set it: the first change after a snapshot may stand where the snapshot was taken. */
  readonly snapshot: boolean;
}

/** The last change that `distinct` let pass for a key, and the record that brought it. */
export interface ChangeMarker {
  readonly position: KeyPosition;
  readonly op: ChangeOperation;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** After a delete: the stream time then, milliseconds since the epoch. */
  readonly deletedAt?: number;
  /** The offset of the tombstone that followed a delete, once it has passed. */
  readonly tombstone?: number;
}

/** The markers of a key: one for each topic that has brought changes of it, which is one, as a rule. */
export type ChangeMarkers = readonly ChangeMarker[];
