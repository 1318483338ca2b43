/** Doubles that JSON has no number for, from a table through a topology into another table, in both encodings. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import { tableSink } from '../../src/cdc/sink/index.js';
import { systemClock } from '../../src/clock.js';
import { mapValues } from '../../src/operators/map-values.js';
import { unwrap } from '../../src/operators/unwrap.js';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { avro } from '../../src/serde/avro/encoding.js';
import { float64, optional } from '../../src/serde/connect-schema.js';
import { connectJsonEncoding, type Encoding } from '../../src/serde/encoding.js';
import { memoryEngines } from '../../src/state/memory.js';
import { changes, table } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { type Bench, openBench } from './capture/capture-bench.js';

interface Measured {
  readonly id: number;
  readonly d: number | null;
}

let bench: Bench;
let folder: string;
let registry: EmbeddedRegistry;
beforeAll(async () => {
  bench = await openBench();
  folder = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
  registry = await openEmbeddedRegistry({ directory: folder });
});
afterAll(async () => {
  await registry.close();
  await bench.close();
  await rm(folder, { recursive: true, force: true });
});

const ENCODINGS: Readonly<Record<string, () => Encoding>> = {
  json: () => connectJsonEncoding,
  avro: () => avro({ registry: registry.url }),
};

test.each(Object.keys(ENCODINGS))('%s: NaN and the infinities arrive in the table', async (name) => {
  const encoding = ENCODINGS[name]!();
  const measured = changes<Measured, { id: number }>(`${name}.${name}.t`);
  const copied = table(`${name}_copied`, measured.row.plus({ twice: optional(float64) }));
  const copy = topology(name, ({ stream }) =>
    stream(measured)
      .pipe(
        unwrap(),
        mapValues((row) => row && { ...row, twice: row.d === null ? null : 2 * row.d }),
      )
      .to(copied),
  );
  const values = `('NaN'), ('Infinity'), ('-Infinity'), ('1e308'), (null)`;
  await bench.sql(
    `create schema ${name}`,
    `create table ${name}.t (id serial primary key, d double precision, r real, n double precision default 'NaN')`,
    `insert into ${name}.t (d) values ${values}`,
    `insert into ${name}.t (r) values ${values.replace('1e308', '1.5')}`,
  );
  const admin = await bench.broker.admin();
  await admin.createTopics([measured.name, copied.name].map((topic) => ({ topic, partitions: 1 })));
  await admin.close();
  const serdes = { key: encoding.values<unknown>('key'), value: encoding.values<unknown>('value') };
  await bench.capture(name, {}, { serdes: serdes as never }).start();
  const application = new Application(
    copy,
    { 'application.id': name, encoding },
    { broker: bench.broker, engines: memoryEngines() },
  );
  await application.start();
  const written: unknown[] = [];
  let isWritten: () => void;
  const all = new Promise<void>((resolve) => {
    isWritten = resolve;
  });
  const sink = tableSink(
    { name, topics: copied.name, 'connection.url': bench.postgres.url, 'schema.evolution': 'basic' },
    {
      broker: bench.broker,
      clock: systemClock,
      serdes: () => serdes,
      onWritten: (records) => written.push(...records) === 10 && isWritten(),
    },
  );
  await sink.start();
  await Promise.race([all, sink.ended.then((error) => Promise.reject(error ?? new Error('the sink has ended')))]);
  const rows = (from: string) => bench.query(`select id, d::text, r::text, n::text from ${from} order by id`);
  expect(await rows(copied.name)).toEqual(await rows(`${name}.t`));
  expect(await bench.query(`select twice::text from ${copied.name} order by id limit 5`)).toEqual(
    ['NaN', 'Infinity', '-Infinity', 'Infinity', null].map((twice) => ({ twice })),
  );
  await application.stop();
  await sink.stop();
});
