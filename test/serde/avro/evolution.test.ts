/**
 * A contract that evolves: a nullable field with a default is added, a field is dropped. Every version reads what every
 * other has written, through a real registry.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RegistryClient } from '../../../src/registry/client.js';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../../src/registry/embedded/index.js';
import { avroContract } from '../../../src/serde/avro/contract.js';
import { avro } from '../../../src/serde/avro/encoding.js';
import { string } from '../../../src/serde/primitives.js';
import type { Serde } from '../../../src/serde/serde.js';
import { serdesFor, topic } from '../../../src/topology/topic.js';
import { contextOf } from '../recorded.js';

type Message = Record<string, unknown>;

const record = (...fields: readonly object[]) => ({ type: 'record', name: 'Message', namespace: 'protocol', fields });
const timestamp = { name: 'timestamp', type: 'long' };
const count = { name: 'count', type: ['null', 'double'], default: null };
const value = { name: 'value', type: ['null', 'double'], default: null };
const unit = { name: 'unit', type: ['null', 'string'], default: null };
const named = { name: 'named', type: 'string' };

let registry: EmbeddedRegistry;
beforeEach(async () => {
  registry = await openEmbeddedRegistry();
});
afterEach(() => registry.close());

/** A reader and writer of one version, as a program of its own. */
function program(schema: object): Serde<Message> {
  const declared = topic('Test.Topic', { key: string(), value: avroContract<Message>(schema) });
  return serdesFor(declared, avro({ registry: registry.url })).value;
}

async function written(serde: Serde<Message>, message: Message): Promise<Buffer> {
  await serde.prepareToWrite!('Test.Topic', { type: 'struct' });
  return serde.serialize(message, contextOf('Test.Topic'))!;
}

async function read(serde: Serde<Message>, bytes: Buffer): Promise<Message | null> {
  await serde.prepare!([{ topic: 'Test.Topic', bytes, headers: [] }]);
  return serde.deserialize(bytes, contextOf('Test.Topic'));
}

describe.each([
  {
    change: 'a nullable field with a default is added',
    old: record(timestamp, count),
    next: record(timestamp, count, unit),
  },
  { change: 'a nullable field is dropped', old: record(timestamp, count, value), next: record(timestamp, count) },
  {
    change: 'one is added in the middle and another is dropped',
    old: record(timestamp, count, value),
    next: record(timestamp, unit, count),
  },
])('$change:', ({ old, next }) => {
  const names = (schema: { fields: readonly object[] }) =>
    schema.fields.map((field) => (field as { name: string }).name);
  const whole: Message = { timestamp: 1_795_232_797_078, count: 2.5, value: -1, unit: 'K' };
  const as = (schema: typeof old, from: typeof old): Message =>
    Object.fromEntries(names(schema).map((name) => [name, names(from).includes(name) ? whole[name] : null]));

  test.each([
    ['old reads old', old, old],
    ['old reads new', next, old],
    ['new reads old', old, next],
    ['new reads new', next, next],
  ])('%s', async (_pair, writer, reader) => {
    // Both are registered, in the order in which they came to be.
    await written(program(old), as(old, old));
    await written(program(next), as(next, next));
    const bytes = await written(program(writer), as(writer, writer));
    expect(await read(program(reader), bytes)).toEqual(as(reader, writer));
  });
});

describe('what would break a reader is refused', () => {
  async function refusal(level: string, old: object, next: object): Promise<string> {
    const { rest } = new RegistryClient({ url: registry.url });
    await rest.call('PUT', '/config/Test.Topic-value', { compatibility: level });
    await program(old).prepareToWrite!('Test.Topic', { type: 'struct' });
    const serde = program(next);
    await serde.prepareToWrite!('Test.Topic', { type: 'struct' });
    try {
      serde.serialize({ timestamp: 1 }, contextOf('Test.Topic'));
    } catch (error) {
      expect((error as Error).cause).toMatchObject({ name: 'RegistryError', code: 409 });
      return (error as Error).message;
    }
    throw new Error('it was taken');
  }

  test('a field without a default is added: BACKWARD', async () => {
    const message = await refusal('BACKWARD', record(timestamp), record(timestamp, named));
    expect(message).toContain("does not take the schema under 'Test.Topic-value'");
    expect(message).toContain('BACKWARD: the new schema, as the reader, cannot read what version 1');
    expect(message).toContain("READER_FIELD_MISSING_DEFAULT_VALUE: the reader's field 'named' has no default");
  });

  test('a field without a default is dropped: FORWARD', async () => {
    const message = await refusal('FORWARD', record(timestamp, named), record(timestamp));
    expect(message).toContain('FORWARD: version 1, as the reader, cannot read what the new schema');
  });

  test('a type is narrowed: FULL says which rule', async () => {
    const narrow = { name: 'timestamp', type: 'int' };
    const message = await refusal('FULL', record(timestamp), record(narrow));
    expect(message).toContain('BACKWARD: the new schema, as the reader');
    expect(message).toContain("TYPE_MISMATCH: the writer's type is long, the reader's int (at /fields/0/type)");
    expect(message).not.toContain('FORWARD:');
  });
});
