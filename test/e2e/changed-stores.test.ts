/** Stores over a restart with another version of the program: application, broker and LMDB on disk, opened anew each time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Application,
  avroContract,
  foreach,
  json,
  keyValueStore,
  lmdbEngines,
  processValues,
  type StoreDeclaration,
  type StreamRecord,
  string,
  TopicWriter,
  topic,
  topology,
  type ValueProcessorContext,
} from 'millrace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';

type Visits = Readonly<Record<string, unknown>>;
const pages = topic('pages', { key: string(), value: json<number>() });
const COUNT = { name: 'count', type: 'long', default: 0 };
const LAST = { name: 'last', type: ['null', 'long'], default: null };
const ROBOT = { name: 'robot', type: 'boolean' };
const visits = (fields: readonly object[], options: { retentionMs?: number } = {}) =>
  keyValueStore<string, Visits>('visits', {
    value: avroContract<Visits>({ type: 'record', name: 'Visits', fields }),
    ...options,
  });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-changed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** One life of the program: it counts what is written, and shows what it found of each page before. */
async function life(
  store: StoreDeclaration<string, Visits>,
  written: readonly string[],
  names: readonly ('count' | 'last')[] = ['count'],
) {
  const broker = await openEmbeddedBroker({ directory: join(folder, 'broker') });
  const found: unknown[] = [];
  const restored: number[] = [];
  let tell = () => {};
  const all = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const counting = topology('counting', ({ stream }) => {
    stream(pages).pipe(
      processValues({
        stores: [store],
        process({ key, value: last }: StreamRecord<number, string>, context: ValueProcessorContext<string, number>) {
          const before = context.store(store).get(key);
          found.push([key, before]);
          const now = { count: Number(before?.count ?? 0) + 1, last };
          context.store(store).put(key, Object.fromEntries(names.map((name) => [name, now[name]])));
          if (found.length === written.length) tell();
        },
      }),
      foreach(() => {}),
    );
  });
  try {
    const admin = await broker.admin();
    if ((await admin.partitionCount('pages')) === undefined) {
      await admin.createTopics([{ topic: 'pages', partitions: 1 }]);
    }
    await admin.close();
    const writer = await TopicWriter.open(broker, pages, 'json');
    for (const page of written) await writer.send(page, 7);
    await writer.close();
    const application = new Application(
      counting,
      { 'application.id': 'counting', 'processing.guarantee': 'exactly_once_v2' },
      { broker, engines: lmdbEngines(join(folder, 'state')) },
      { onRestoreEnd: (_store, _partition, records) => restored.push(records) },
    );
    const ended = application
      .start()
      .then(() => application.ended())
      .then(() => {
        if (application.failure !== undefined) throw application.failure;
      });
    await Promise.race([all, ended]);
    await application.drain();
    await ended;
    return { found, restored };
  } finally {
    await broker.close();
  }
}

describe('a program with another declaration', () => {
  test('reads a store on after a field was added, and after one was dropped; from the disk as from the changelog', async () => {
    await life(visits([COUNT]), ['/', '/about', '/']);
    const added = await life(visits([COUNT, LAST]), ['/', '/about'], ['count', 'last']);
    expect(added.found).toEqual([
      ['/', { count: 2, last: null }],
      ['/about', { count: 1, last: null }],
    ]);
    // Without its disk: both formats lie in the changelog.
    await rm(join(folder, 'state'), { recursive: true });
    const dropped = await life(visits([LAST]), ['/'], ['last']);
    expect(dropped.restored[0]).toBeGreaterThan(2);
    expect(dropped.found).toEqual([['/', { last: 7 }]]);
    const back = await life(visits([COUNT, LAST]), ['/', '/about'], ['count', 'last']);
    expect(back.found).toEqual([
      ['/', { count: 0, last: 7 }],
      ['/about', { count: 2, last: 7 }],
    ]);
  });

  test('is refused where it cannot read what is there, with the store and the rule; the one before goes on', async () => {
    await life(visits([COUNT]), ['/']);
    const why =
      /the store 'visits' cannot be read on: .*READER_FIELD_MISSING_DEFAULT_VALUE: .*'robot'.*\(at \/fields\/1\)/;
    await expect(life(visits([COUNT, ROBOT]), ['/'])).rejects.toThrow(why);
    await rm(join(folder, 'state'), { recursive: true });
    await expect(life(visits([COUNT, ROBOT]), [])).rejects.toThrow(why);
    const number = keyValueStore<string, Visits>('visits');
    await expect(life(number, [])).rejects.toThrow(/written as avro, and are declared as json/);
    // What could not be read was not consumed either.
    const before = await life(visits([COUNT]), ['/']);
    expect(before.found[0]).toEqual(['/', { count: 1 }]);
  });

  test('with a first retention rebuilds the store from its changelog', async () => {
    await life(visits([COUNT]), ['/', '/about']);
    await life(visits([COUNT]), ['/']);
    const rebuilt = await life(visits([COUNT], { retentionMs: 3_600_000 }), ['/', '/about']);
    expect(rebuilt.restored[0]).toBeGreaterThanOrEqual(3);
    expect(rebuilt.found).toEqual([
      ['/', { count: 2 }],
      ['/about', { count: 1 }],
    ]);
  });
});
