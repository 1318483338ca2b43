/**
 * Debezium's `drop.fields`: a header of the record lists fields that its row is to lose.
 *
 * Source: Debezium 3.6, `io.debezium.transforms.ExtractNewRecordState.dropFields`.
 */
import type { ConnectSchema, Headers } from '../record.js';
import { type Described, withoutColumns } from './row-schema.js';

/**
 * The fields that a header lists: a JSON array of texts, as Connect's `SimpleHeaderConverter` writes a list, or one with
 * its schema, as `JsonConverter` does. None where there is no such header, or it is null.
 *
 * @throws Error when the header holds something else
 */
export function listedIn(headers: Headers, name: string): readonly string[] {
  const bytes = headers.find(({ key }) => key === name)?.value ?? null;
  if (bytes === null) return [];
  const text = bytes.toString('utf8');
  const listed = withoutFrame(parsed(text));
  if (listed === null) return [];
  if (Array.isArray(listed) && listed.every((field) => typeof field === 'string')) return listed;
  throw new Error(
    `the header '${name}' lists the fields that unwrap() is to drop, and holds ${JSON.stringify(text.slice(0, 80))}: a ` +
      'JSON array of their names was expected, as ["model","year"]',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not what it has to be: the caller says so, with the text.
    return undefined;
  }
}

function withoutFrame(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'schema' in json && 'payload' in json ? json.payload : json;
}

/**
 * The struct without these fields.
 *
 * @param which `optional`: only those that the schema says may be null, so that who reads by the old schema still can;
 *   where there is no schema, all
 */
export function withoutFields<T>(
  { value, schema }: Described<T>,
  fields: readonly string[],
  which: 'optional' | 'all',
): Described<T> {
  const dropped = which === 'optional' && schema !== undefined ? optionalOf(schema, fields) : fields;
  if (dropped.length === 0) return { value, schema };
  const kept =
    typeof value === 'object' && value !== null
      ? (Object.fromEntries(Object.entries(value).filter(([name]) => !dropped.includes(name))) as T)
      : value;
  return { value: kept, schema: schema && withoutColumns(schema, dropped) };
}

function optionalOf(schema: ConnectSchema, names: readonly string[]): readonly string[] {
  const fields = (schema.fields ?? []).filter(({ field, optional }) => optional === true && names.includes(field!));
  return fields.map(({ field }) => field!);
}
