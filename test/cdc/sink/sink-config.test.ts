import { expect, test } from 'vitest';
import { parseSinkConfig, type TableSinkConfig } from '../../../src/cdc/sink/index.js';

const required = { topics: 'cars', 'connection.url': 'postgres://localhost/db' };

test('only topics and connection are needed', () => {
  expect(parseSinkConfig(required)).toEqual({
    name: 'table-sink',
    topics: ['cars'],
    'connection.url': 'postgres://localhost/db',
    'insert.mode': 'upsert',
    'primary.key.mode': 'record_key',
    'delete.enabled': true,
    'schema.evolution': 'none',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Debezium's placeholder
    'collection.name.format': '${topic}',
    'batch.size': 500,
    'quote.identifiers': false,
    'errors.tolerance': 'none',
  });
});

test("a configuration as Kafka Connect has it, all texts and with Java's URL", () => {
  expect(
    parseSinkConfig({
      topics: 'a, b',
      'connection.url': 'jdbc:postgresql://localhost:5432/db',
      'delete.enabled': 'true',
      'batch.size': '100',
      'quote.identifiers': 'false',
    }),
  ).toMatchObject({
    topics: ['a', 'b'],
    'connection.url': 'postgresql://localhost:5432/db',
    'batch.size': 100,
    'quote.identifiers': false,
  });
});

test.each([
  [{ 'insert.mode': 'insert' }, 'insert.mode', /cannot have insert.mode=insert/],
  [{ 'primary.key.mode': 'kafka' }, 'primary.key.mode', /primary.key.mode=kafka/],
  [{ 'delete.enabled': false }, 'delete.enabled', /delete.enabled=false/],
  [{ 'truncate.enabled': true }, 'truncate.enabled', /no setting "truncate.enabled"/],
  [{ 'batch.size': 0 }, 'batch.size', /batch.size=0/],
  [{ topics: ' , ' }, 'topics', /names no topic/],
  [{ 'connection.url': 'mysql://localhost/db' }, 'connection.url', /not the URL of a PostgreSQL/],
])('%j is refused by name', (wrong, setting, message) => {
  const parse = () => parseSinkConfig({ ...required, ...wrong } as TableSinkConfig);
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ name: 'ConfigurationError', setting }));
});

test('a password is not told', () => {
  const url = 'mysql://user:secret@localhost/db';
  expect(() => parseSinkConfig({ ...required, 'connection.url': url })).toThrow(/^(?!.*secret)/);
});
