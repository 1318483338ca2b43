/**
 * The last values of columns that Postgres may leave out of a change: an update that does not touch a large value does
 * not log it, and Debezium writes a stand-in. Only text, bytes and arrays grow that large.
 */
import { isUnavailable } from '../cdc/change.js';
import { keyValueStore } from '../state/declare.js';
import type { StoreDeclaration } from '../state/store.js';

/** A value as JSON can keep it: bytes and long integers are marked. */
type Kept =
  | string
  | number
  | boolean
  | null
  | { readonly bytes: string }
  | { readonly bigint: string }
  | { readonly array: readonly Kept[] };

/** The kept columns of a row, by name. */
export type LastValues = Readonly<Record<string, Kept>>;

/**
 * Declares a store of last values, for `unwrap({ restore })`.
 *
 * @example
 * export const largeColumns = lastValues<CarKey>('large-columns');
 */
export function lastValues<K>(name: string): StoreDeclaration<K, LastValues> {
  return keyValueStore<K, LastValues>(name);
}

/** What to keep of a row: its columns that may be unavailable in a later change. */
export function keptOf(row: Readonly<Record<string, unknown>>): LastValues {
  const kept: Record<string, Kept> = {};
  for (const [column, value] of Object.entries(row)) {
    if (canBeLarge(value) && !isUnavailable(value)) kept[column] = keep(value);
  }
  return kept;
}

/** The value that was kept; undefined when the column was not. */
export function restored(values: LastValues | undefined, column: string): unknown {
  const kept = values !== undefined && Object.hasOwn(values, column) ? values[column] : undefined;
  return kept === undefined ? undefined : restore(kept);
}

function canBeLarge(value: unknown): boolean {
  return typeof value === 'string' || Buffer.isBuffer(value) || Array.isArray(value);
}

function keep(value: unknown): Kept {
  if (Buffer.isBuffer(value)) return { bytes: value.toString('base64') };
  if (typeof value === 'bigint') return { bigint: value.toString() };
  if (Array.isArray(value)) return { array: value.map(keep) };
  return value as string | number | boolean | null;
}

function restore(kept: Kept): unknown {
  if (typeof kept !== 'object' || kept === null) return kept;
  if ('bytes' in kept) return Buffer.from(kept.bytes, 'base64');
  if ('bigint' in kept) return BigInt(kept.bigint);
  return kept.array.map(restore);
}
