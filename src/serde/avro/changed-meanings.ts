/**
 * Where two schemas give the same bytes another meaning: a decimal of another scale, milliseconds that were microseconds.
 *
 * Avro's resolution does not look at logical types. Between programs that agree on a subject that is their business; what
 * a store holds would be misread.
 */
import { type AvroNode, type AvroRecord, unqualified } from './avro-schema.js';

const MEANING = ['logicalType', 'scale', 'connect.name', 'connect.parameters'] as const;

/** The places in the reader's schema, with what was written there and what is read. */
export function changedMeanings(reader: AvroNode, writer: AvroNode): readonly string[] {
  const found: string[] = [];
  compare(reader, writer, '', found, new Set());
  return found;
}

function compare(reader: AvroNode, writer: AvroNode, path: string, found: string[], seen: Set<AvroNode>): void {
  if (reader.kind === 'union' || writer.kind === 'union') {
    for (const of of branches(reader)) {
      for (const from of branches(writer)) if (mayMeet(of, from)) compare(of, from, path, found, seen);
    }
    return;
  }
  if (reader.kind === 'record' && writer.kind === 'record') {
    if (seen.has(reader)) return;
    seen.add(reader);
    compareFields(reader, writer, path, found, seen);
    return;
  }
  if (reader.kind === 'array' && writer.kind === 'array') {
    compare(reader.items, writer.items, `${path}/items`, found, seen);
    return;
  }
  if (reader.kind === 'map' && writer.kind === 'map') {
    compare(reader.values, writer.values, `${path}/values`, found, seen);
    return;
  }
  const [now, before] = [meaningOf(reader), meaningOf(writer)];
  if (now !== before) found.push(`${path || '/'} was ${before} and is ${now}`);
}

function compareFields(reader: AvroRecord, writer: AvroRecord, path: string, found: string[], seen: Set<AvroNode>) {
  for (const [index, field] of reader.fields.entries()) {
    const names = [field.name, ...field.aliases];
    const written = writer.fields.find(({ name }) => names.includes(name));
    if (written !== undefined) compare(field.type, written.type, `${path}/fields/${index}/type`, found, seen);
  }
}

function branches(node: AvroNode): readonly AvroNode[] {
  return node.kind === 'union' ? node.branches : [node];
}

function mayMeet(reader: AvroNode, writer: AvroNode): boolean {
  if (reader.kind !== writer.kind) return false;
  return !('name' in reader && 'name' in writer) || unqualified(reader.name) === unqualified(writer.name);
}

function meaningOf(node: AvroNode): string {
  if (!('attributes' in node)) return node.kind;
  const said = MEANING.flatMap((name) => {
    const value = node.attributes[name];
    return value === undefined ? [] : [`${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`];
  });
  return said.length === 0 ? 'plain' : said.join(', ');
}
