/** The table sink says for whom it waits: a registry that is away is not a database that is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TopicWriter } from '../../src/app/topic-writer.js';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { awaited, tableSink } from '../../src/cdc/sink/index.js';
import { systemClock } from '../../src/clock.js';
import { openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { avroContract } from '../../src/serde/avro/contract.js';
import { avro } from '../../src/serde/avro/encoding.js';
import { topic } from '../../src/topology/topic.js';
import { temporaryPostgres } from '../cdc/postgres/temporary-postgres.js';

const record = (name: string) => ({ type: 'record', name, fields: [{ name: 'id', type: 'int' }] });

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value: T) => resolve(value) };
}

test('the registry goes away before the sink has read a schema: it says so, waits, and writes when it is back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const postgres = await temporaryPostgres();
  onTestFinished(() => postgres.remove());
  const broker = await openEmbeddedBroker();
  onTestFinished(() => broker.close());
  const first = await openEmbeddedRegistry({ directory: folder });
  const encoding = avro({ registry: first.url, timeoutMs: 500 });
  const cars = topic('cars', {
    key: avroContract<object>(record('Key')),
    value: avroContract<object>(record('Value')),
  });
  const admin = await broker.admin();
  await admin.createTopics([{ topic: 'cars', partitions: 1 }]);
  await admin.close();
  const writer = await TopicWriter.open(broker, cars, encoding);
  await writer.send({ id: 7 }, { id: 7 });
  await writer.close();
  await first.close();

  // Another encoding: the first has met the schemas.
  const serdes = avro({ registry: first.url, timeoutMs: 500 });
  const waiting = deferred<Error>();
  const written = deferred<void>();
  const sink = tableSink(
    { topics: 'cars', 'connection.url': postgres.url, 'schema.evolution': 'basic' },
    {
      broker,
      clock: systemClock,
      serdes: () => ({ key: serdes.values('key'), value: serdes.values('value') }),
      onState: (state, reason) => state === 'waiting' && waiting.resolve(reason!),
      onWritten: () => written.resolve(),
    },
  );
  await sink.start();
  onTestFinished(() => sink.stop());
  const reason = await waiting.promise;
  expect(awaited(reason)).toBe('the schema registry');
  expect(reason.message).toMatch(/^the schema registry http:.* does not answer: .*ECONNREFUSED/);

  const again = await openEmbeddedRegistry({ directory: folder, port: first.port });
  onTestFinished(() => again.close());
  await written.promise;
  await expect
    .poll(() => sink.status(), { timeout: 10_000 })
    .toMatchObject({ state: 'running', written: 1, refused: 0 });
});
