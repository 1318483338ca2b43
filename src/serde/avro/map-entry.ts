/** Maps whose keys are no texts, which stand in Avro as arrays of entries. */
import type { AvroNode } from './avro-schema.js';
import { CONNECT_INTERNAL_TYPE, MAP_ENTRY, NAMELESS_ENTRY } from './connect-properties.js';

/** The two halves of an entry, where an array's items are the entries of a map. */
export function mapEntry(items: AvroNode): { readonly key: AvroNode; readonly value: AvroNode } | undefined {
  if (items.kind !== 'record') return undefined;
  const isEntry = items.attributes[CONNECT_INTERNAL_TYPE] === MAP_ENTRY || items.name === NAMELESS_ENTRY;
  const [key, value] = items.fields;
  if (!isEntry || items.fields.length !== 2 || key?.name !== 'key' || value?.name !== 'value') return undefined;
  return { key: key.type, value: value.type };
}
