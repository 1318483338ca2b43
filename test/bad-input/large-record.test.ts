/** Records of 5 MiB, in and out: what takes them, and which setting is named when one does not. */
import { expect, test } from 'vitest';
import { mapValues } from '../../src/operators/map-values.js';
import { bytes, string } from '../../src/serde/primitives.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { DEAD, type Put, Stage, type StageOptions } from '../heart/stage.js';

const MIB = 1024 * 1024;
const documents = topic('documents', { key: string(), value: bytes() });
const copies = topic('copies', { key: string(), value: bytes() });
const copying = topology('copying', ({ stream }) => {
  stream(documents)
    .pipe(mapValues((document) => Buffer.concat([Buffer.from('copy of '), document])))
    .to(copies);
});

const WIDE = { 'max.message.bytes': String(6 * MIB) };
const large = Buffer.alloc(5 * MIB, 'x');
const records: readonly Put[] = [
  ['before', Buffer.from('a')],
  ['large', large],
  ['after', Buffer.from('b')],
];

async function open(options: Partial<StageOptions>): Promise<Stage> {
  const stage = await Stage.open({
    guarantee: 'exactly_once_v2',
    topology: copying,
    topics: { documents: WIDE, copies: WIDE, [DEAD]: WIDE },
    ...options,
  });
  await stage.start();
  await stage.put(records, documents.name);
  await stage.work(1_000);
  return stage;
}

const keysOf = async (stage: Stage) => (await stage.read(copies.name)).map(({ key }) => String(key));

test('with room in max.request.size and in the topics it goes through', async () => {
  const stage = await open({ config: { 'max.request.size': 6 * MIB } });
  expect(await keysOf(stage)).toEqual(['before', 'large', 'after']);
  const [, copy] = await stage.read(copies.name);
  expect(copy!.value!.length).toBe(large.length + 'copy of '.length);
  await stage.drain();
});

test('past max.request.size it is a dead letter that names the setting, and the others go on', async () => {
  const messages: string[] = [];
  const stage = await open({
    config: { 'production.exception.handler': 'dead-letter' },
    listener: { onRecordDropped: ({ message }) => messages.push(message) },
  });
  expect(await keysOf(stage)).toEqual(['before', 'after']);
  expect(messages).toEqual([
    expect.stringMatching(
      /documents-0@1 failed in \S+ \(production\): .*'copies' has \d+ bytes.*max\.request\.size \(1048576\)/,
    ),
  ]);
  expect((await stage.read(DEAD)).map(({ value }) => value?.length)).toEqual([large.length]);
  await stage.drain();
});

test('by default it stops the application before it, and a restart with more room goes on', async () => {
  const stage = await open({});
  expect(stage.app.state).toBe('ERROR');
  expect(stage.app.failure?.message).toMatch(/raise it here and max\.message\.bytes of the topic/);
  expect(await keysOf(stage)).toEqual(['before']);
  expect(await stage.committedOffset()).toBe(1);
  const wider = stage.another('only', { config: { 'max.request.size': 6 * MIB } });
  await wider.start();
  await stage.clock.run(1_000);
  expect(await keysOf(stage)).toEqual(['before', 'large', 'after']);
  await stage.drain(wider);
});

test('a topic that takes less than max.request.size names its own setting, and nothing is passed over', async () => {
  const stage = await open({
    topics: { documents: WIDE },
    config: { 'max.request.size': 6 * MIB, 'production.exception.handler': 'skip' },
  });
  await stage.work(2_000);
  expect(stage.app.state).toBe('ERROR');
  expect(stage.app.failure?.message).toMatch(/max\.message\.bytes/);
  expect(stage.app.failure?.message).toMatch(/copies/);
  expect(await keysOf(stage)).not.toContain('after');
  expect(await stage.committedOffset()).toBeLessThanOrEqual(1);
});
