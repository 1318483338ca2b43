import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedBroker } from '../../../src/brokers/embedded/index.js';
import type { Broker } from '../../../src/brokers/port.js';
import { BrokerError, ConfigurationError } from '../../../src/errors.js';
import { errorOf, PATIENCE_MS, record, texts } from '../../contract/broker-session.js';
import { readAll } from './read-all.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/broker/${name}`, import.meta.url));

describe('the embedded broker on disk', () => {
  let directory: string;
  let open: Broker[] = [];
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-durability-'));
  });
  afterEach(async () => {
    for (const broker of open) await broker.close();
    open = [];
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  const reopen = async (folder = directory): Promise<Broker> => {
    const broker = await openEmbeddedBroker({ directory: folder });
    open.push(broker);
    return broker;
  };
  const closeAll = async (): Promise<void> => {
    for (const broker of open) await broker.close();
    open = [];
  };
  const logFile = async (topic: string): Promise<string> => {
    const folder = (await readdir(join(directory, 'topics'))).find((name) => name.startsWith(`${topic}-`))!;
    const files = (await readdir(join(directory, 'topics', folder, '0')))
      .filter((name) => name.endsWith('.log'))
      .sort();
    return join(directory, 'topics', folder, '0', files.at(-1)!);
  };
  const fill = async (broker: Broker, ...values: readonly string[]): Promise<void> => {
    const producer = await broker.producer({});
    for (const value of values) {
      producer.produce(record('t', value));
      await producer.flush(PATIENCE_MS);
    }
  };
  const withTopic = async (config: Record<string, string> = {}): Promise<Broker> => {
    const broker = await reopen();
    await (await broker.admin()).createTopics([{ topic: 't', partitions: 1, config }]);
    return broker;
  };

  /** Runs the writer until it has printed this many lines, kills it there, and returns what it printed. */
  const writeAndKill = async (lines: number, flush: string): Promise<string[]> => {
    const child = spawn(process.execPath, ['--import', 'tsx', fixture('write-until-killed.ts'), directory, flush], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let output = '';
    let newlines = 0;
    for await (const piece of child.stdout!) {
      output += String(piece);
      newlines = output.split('\n').length;
      if (newlines > lines && child.signalCode === null && !child.killed) child.kill('SIGKILL');
    }
    if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    return output.split('\n').slice(0, -1);
  };

  it.each([
    [37, 'process'],
    [800, 'process'],
    [2001, 'process'],
    [90, 'disk'],
  ])(
    'has everything that was acknowledged when the process was killed after %i lines (flush: %s)',
    async (count, flush) => {
      const lines = await writeAndKill(count, flush);
      const plain = lines.filter((line) => line.startsWith('plain ')).map((line) => Number(line.slice(6)));
      const committed = lines.filter((line) => line.startsWith('transaction ')).map((line) => Number(line.slice(12)));

      const broker = await reopen();
      const values = texts(await readAll(broker, 'plain')).map(Number);
      // One more may have been written whose line was not.
      expect(values.slice(0, plain.length)).toEqual(plain);
      expect(values.length).toBeLessThanOrEqual(plain.length + 1);

      const [left, right] = [0, 1].map(async (partition) =>
        texts(await readAll(broker, 'outputs', partition)).map(Number),
      );
      const outputs = await left!;
      expect(await right!).toEqual(outputs);
      expect(outputs.slice(0, committed.length)).toEqual(committed);
      expect(outputs.length).toBeLessThanOrEqual(committed.length + 1);

      const consumer = await broker.consumer({
        groupId: 'group',
        offsetReset: 'earliest',
        isolation: 'read_committed',
      });
      expect(await consumer.committed([{ topic: 'plain', partition: 0 }])).toEqual([(outputs.at(-1) ?? -2) + 1]);
      const { low, high } = await consumer.watermarks({ topic: 'outputs', partition: 0 });
      const all = await readAll(broker, 'outputs', 0, 'read_uncommitted');
      expect(low).toBe(0);
      expect(high).toBeGreaterThan(all.at(-1)!.offset);
    },
  );

  it('cuts off what was written by half', async () => {
    await fill(await withTopic(), 'a', 'b', 'c');
    await closeAll();
    const file = await logFile('t');
    await truncate(file, (await stat(file)).size - 1);
    expect(texts(await readAll(await reopen(), 't'))).toEqual(['a', 'b']);
    await fill(open[0]!, 'd');
    await closeAll();
    const records = await readAll(await reopen(), 't');
    expect(texts(records)).toEqual(['a', 'b', 'd']);
    expect(records.map((each) => each.offset)).toEqual([0, 1, 2]);
  });

  it.each([
    ['zeros', Buffer.alloc(5000)],
    ['ones', Buffer.alloc(300, 0xff)],
    ['one byte', Buffer.from([7])],
  ])('cuts off %s behind the last record', async (_, rubbish) => {
    await fill(await withTopic(), 'a', 'b');
    await closeAll();
    await appendFile(await logFile('t'), rubbish);
    expect(texts(await readAll(await reopen(), 't'))).toEqual(['a', 'b']);
  });

  it('cuts off half an entry of the journal', async () => {
    await withTopic();
    await closeAll();
    await appendFile(join(directory, 'journal'), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 123]));
    const broker = await reopen();
    await (await broker.admin()).createTopics([{ topic: 'later', partitions: 1 }]);
    await closeAll();
    const admin = await (await reopen()).admin();
    expect(await admin.listTopics()).toEqual(['later', 't']);
  });

  it('refuses a damaged segment that is not the last', async () => {
    await fill(await withTopic({ 'segment.bytes': '100' }), 'a', 'b', 'c', 'd');
    await closeAll();
    const last = await logFile('t');
    const folder = join(last, '..');
    const first = join(folder, (await readdir(folder)).sort()[0]!);
    expect(first).not.toBe(last);
    const bytes = await readFile(first);
    bytes[60]! ^= 1;
    await writeFile(first, bytes);
    const error = await errorOf(() => openEmbeddedBroker({ directory }));
    expect(error).toBeInstanceOf(BrokerError);
    expect((error as Error).message).toContain(first);
    // The folder is free again after the failure.
    bytes[60]! ^= 1;
    await writeFile(first, bytes);
    expect(texts(await readAll(await reopen(), 't'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reads across segments, and from files that are not in memory', async () => {
    const values = Array.from({ length: 300 }, (_, i) => `${i}`.padStart(1000));
    const broker = await openEmbeddedBroker({ directory, cacheBytes: 1 });
    open.push(broker);
    await (await broker.admin()).createTopics([{ topic: 't', partitions: 1, config: { 'segment.bytes': '50000' } }]);
    await fill(broker, ...values);
    expect(texts(await readAll(broker, 't'))).toEqual(values);
    await closeAll();
    expect(texts(await readAll(await reopen(), 't'))).toEqual(values);
  });

  it('refuses a second broker on the folder, and names it', async () => {
    await reopen();
    const error = await errorOf(() => openEmbeddedBroker({ directory }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(directory);
  });

  it('refuses a folder of a newer format', async () => {
    await withTopic();
    await closeAll();
    const { frameOf } = await import('../../../src/brokers/embedded/journal.js');
    await writeFile(join(directory, 'journal'), frameOf({ kind: 'format', version: 99 }));
    await expect(openEmbeddedBroker({ directory })).rejects.toThrow(/format 99/);
  });

  it('makes a topic anew after it was deleted', async () => {
    await fill(await withTopic(), 'old');
    const admin = await open[0]!.admin();
    await admin.deleteTopics(['t']);
    await admin.createTopics([{ topic: 't', partitions: 1 }]);
    await fill(open[0]!, 'new');
    await closeAll();
    expect(texts(await readAll(await reopen(), 't'))).toEqual(['new']);
    expect(await readdir(join(directory, 'topics'))).toEqual(['t-2']);
  });

  it('reports a full disk, and loses nothing that it acknowledged', async () => {
    const command = `ulimit -f 200; exec "${process.execPath}" --import tsx "${fixture('fill-disk.ts')}" "${directory}"`;
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let output = '';
    for await (const piece of child.stdout!) output += String(piece);
    const said = JSON.parse(output) as { acknowledged: number };
    expect(said).toMatchObject({ name: 'BrokerError', kind: 'fatal', code: 'EFBIG', after: 'fatal' });
    expect(said.acknowledged).toBeGreaterThan(0);
    const values = texts(await readAll(await reopen(), 't')).map(Number);
    expect(values).toEqual(Array.from({ length: said.acknowledged }, (_, i) => i));
  });

  it('keeps the journal small', async () => {
    const broker = await withTopic();
    const consumer = await broker.consumer({ groupId: 'g', offsetReset: 'earliest', isolation: 'read_committed' });
    for (let round = 0; round < 200; round += 1) {
      const commits = Array.from({ length: 400 }, (_, i) =>
        consumer.commit([{ topic: 't', partition: 0, offset: round * 400 + i }]),
      );
      await Promise.all(commits);
    }
    expect((await stat(join(directory, 'journal'))).size).toBeLessThan(4.2 * 1024 * 1024);
    await closeAll();
    const again = await (await reopen()).consumer({
      groupId: 'g',
      offsetReset: 'earliest',
      isolation: 'read_committed',
    });
    expect(await again.committed([{ topic: 't', partition: 0 }])).toEqual([79_999]);
  });

  it('leaves a copy of the folder taken at any moment readable', async () => {
    const broker = await withTopic();
    const producer = await broker.producer({ transactionalId: 'p' });
    await producer.initTransactions(PATIENCE_MS);
    producer.beginTransaction();
    producer.produce(record('t', 'open'));
    await producer.flush(PATIENCE_MS);
    const copy = `${directory}-copy`;
    await cp(directory, copy, { recursive: true, filter: (source) => !source.includes('.lock-') });
    try {
      const other = await openEmbeddedBroker({ directory: copy });
      expect(await readAll(other, 't')).toEqual([]);
      expect(texts(await readAll(other, 't', 0, 'read_uncommitted'))).toEqual(['open']);
      await other.close();
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});
