/** Debezium's `add.headers`: fields of a change as headers of its record. */
import type { Change } from '../cdc/change.js';
import type { ConnectSchema, Header, Headers } from '../record.js';
import { connectValueText } from '../serde/connect-values.js';
import { stringifyJson } from '../serde/json-text.js';
import { type FieldReference, type Found, find } from './field-reference.js';

/**
 * The headers with those of the change behind them, as text: what Connect's `SimpleHeaderConverter` writes. A null is a
 * header without bytes; a field that the change has not adds no header.
 */
export function withHeaders(
  headers: Headers,
  references: readonly FieldReference[],
  change: Change<unknown>,
  envelope: ConnectSchema | undefined,
): Headers {
  const added: Header[] = [];
  for (const reference of references) {
    const found = find(reference, change, envelope);
    if (found !== undefined) added.push({ key: reference.name, value: bytesOf(found) });
  }
  return [...headers, ...added];
}

/** A tombstone says nothing of its change but that it is a delete. */
export function withHeadersOfTombstone(headers: Headers, references: readonly FieldReference[]): Headers {
  const operations = references.filter(({ field }) => field === 'op');
  return [...headers, ...operations.map(({ name }) => ({ key: name, value: Buffer.from('d') }))];
}

function bytesOf({ value, schema }: Found): Buffer | null {
  if (value === null) return null;
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return Buffer.from(value.toString('base64'));
  return Buffer.from(schema === undefined ? stringifyJson(value) : connectValueText(schema, value));
}
