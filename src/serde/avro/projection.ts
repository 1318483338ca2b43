/**
 * A schema with some of another's fields: what reads values of the other one and makes only these.
 *
 * avsc skips the rest, which takes a fraction of the time of making it.
 */
import type { AvroField, AvroNode, AvroRecord } from './avro-schema.js';

/** The names of fields; of one that is a record, the names inside it. */
export type Selection = Readonly<Record<string, 'whole' | readonly string[]>>;

/** Undefined when the record has not all of these. */
export function projected(record: AvroRecord, selection: Selection): AvroRecord | undefined {
  const fields: AvroField[] = [];
  for (const field of record.fields) {
    const wanted = selection[field.name];
    if (wanted === undefined) continue;
    const type = wanted === 'whole' ? field.type : inner(field.type, wanted);
    if (type === undefined) return undefined;
    fields.push({ ...field, type });
  }
  return fields.length === Object.keys(selection).length ? { ...record, fields } : undefined;
}

function inner(node: AvroNode, names: readonly string[]): AvroNode | undefined {
  if (node.kind !== 'record') return undefined;
  const fields = node.fields.filter(({ name }) => names.includes(name));
  return fields.length === names.length ? { ...node, fields } : undefined;
}
