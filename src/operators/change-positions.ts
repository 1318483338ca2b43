import type { ChangeOperation } from '../record.js';
import { keyValueStore } from '../state/declare.js';
import type { StoreDeclaration } from '../state/store.js';

/** The last change that `distinct` let pass for a key, and the record that brought it. */
export interface ChangeMarker {
  /** Its position in the database's log, in decimal; null when no change of the key had one. */
  readonly lsn: string | null;
  readonly op: ChangeOperation;
  /** Milliseconds since the epoch at which the database committed it. */
  readonly tsMs: number;
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

/**
 * Declares a store of positions, for `distinct({ remember })`.
 *
 * @example
 * export const delivered = changePositions<CarKey>('delivered');
 */
export function changePositions<K>(name: string): StoreDeclaration<K, ChangeMarkers> {
  return keyValueStore<K, ChangeMarkers>(name);
}
