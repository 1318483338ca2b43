/** What a store holds after the death of its process, after a full disk, and after damage to its files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lmdbEngines } from '../../src/state/lmdb.js';
import type { StoreEngine } from '../../src/state/store.js';
import { changesAt, contentAt, STORE } from './applying-child.js';

const script = fileURLToPath(new URL('./applying-child.ts', import.meta.url));

let directory: string;
let warnings: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-durability-'));
  warnings = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const openStore = (at = directory) => lmdbEngines(at, { warn: (message) => warnings.push(message) }).open(STORE);
const contentOf = (engine: StoreEngine) =>
  Object.fromEntries([...engine.entries()].map(([key, value]) => [key.toString(), value.toString()] as const).sort());

/** Kills the child in the middle of its work, after it has reported so many positions; the last that it reported. */
async function killAfter(child: ChildProcess, reports: number): Promise<number> {
  let last = 0;
  let seen = 0;
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    last = Number(line);
    seen += 1;
    if (seen === reports) child.kill('SIGKILL');
  });
  await once(lines, 'close');
  expect(await exited).toEqual([null, 'SIGKILL']);
  return last;
}

describe('the death of the process', () => {
  test.each([
    ['one-by-one', 1],
    ['one-by-one', 23],
    ['gathered', 5],
    ['gathered', 40],
  ])('S1: after kill -9 the content is that of the position (%s, after %i)', async (mode, reports) => {
    let reached = 0;
    for (let life = 0; life < 3; life++) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, directory, mode], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const reported = await killAfter(child, reports);
      expect(reported).toBeGreaterThan(reached);

      const copy = await mkdtemp(join(tmpdir(), 'millrace-durability-'));
      await cp(directory, copy, { recursive: true });

      const engine = await openStore();
      expect(engine.position).toBeGreaterThanOrEqual(reported);
      expect(contentOf(engine)).toEqual(contentAt(engine.position));
      reached = engine.position!;
      await engine.close();

      // What LMDB goes back to when the operating system has died too: older, but whole.
      process.env.LMDB_RESTORE = 'safe';
      try {
        const flushed = await openStore(copy);
        expect(flushed.position ?? 0).toBeLessThanOrEqual(reached);
        expect(contentOf(flushed)).toEqual(contentAt(flushed.position));
        await flushed.close();
      } finally {
        delete process.env.LMDB_RESTORE;
        await rm(copy, { recursive: true, force: true });
      }
    }
    expect(warnings).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('a disk that takes no more', () => {
  test('the apply is refused and names the folder; what was there before stays, and work goes on later', async () => {
    // A limit on the size of files stands for the full disk: the write fails in the same place.
    const limited = `trap '' XFSZ; ulimit -f 600; exec "$@"`;
    const child = spawn(
      'bash',
      ['-c', limited, 'limited', process.execPath, '--import', 'tsx', script, directory, 'until-refused'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    child.stderr.resume();
    expect(await once(child, 'exit')).toEqual([0, null]);

    const reported = Number(lines.at(-2));
    const said = JSON.parse(lines.at(-1)!) as { message: string; again: string; read: number; position: number };
    const { message, again, read } = said;
    expect(said.position).toBe(reported);
    expect(message).toContain(join(directory, STORE));
    expect(message).toContain('cannot be written');
    expect(again).toBe(message);
    expect(read).toBe(40_000);

    const engine = await openStore();
    expect(engine.position).toBe(reported);
    expect(Object.keys(contentOf(engine))).toHaveLength(reported);
    await engine.apply(changesAt(1), reported + 1);
    expect(engine.position).toBe(reported + 1);
    await engine.close();
    expect(warnings).toEqual([]);
  });
});

describe('damaged files', () => {
  const data = () => join(directory, STORE, 'data.mdb');

  async function overwrite(from: number, byte: number): Promise<void> {
    const { size } = await stat(data());
    const file = await open(data(), 'r+');
    await file.write(Buffer.alloc(size - from, byte), 0, size - from, from);
    await file.close();
  }

  const damages: readonly [string, () => Promise<void>][] = [
    ['cut off by a page', async () => truncate(data(), (await stat(data())).size - 4096)],
    ['cut to its head', () => truncate(data(), 8192)],
    ['cut to a few bytes', () => truncate(data(), 100)],
    ['overwritten from the start', () => overwrite(0, 0xab)],
    ['overwritten after the head', () => overwrite(8192, 0xab)],
    ['zeroed after the head', () => overwrite(8192, 0)],
    ['no LMDB file', () => writeFile(data(), 'not a database '.repeat(10_000))],
  ];

  test.each(damages)('a file %s is given up with a warning, and the position is unknown', async (_, damage) => {
    const before = await openStore();
    for (let position = 1; position <= 20; position++) await before.apply(changesAt(position), position);
    await before.close();
    await damage();

    const engine = await openStore();
    expect(engine.position).toBeUndefined();
    expect(contentOf(engine)).toEqual({});
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(join(directory, STORE));
    await engine.apply(changesAt(1), 1);
    await engine.close();

    const again = await openStore();
    expect(contentOf(again)).toEqual(contentAt(1));
    expect(warnings).toHaveLength(1);
    await again.close();
  });

  test('an empty file is a new store', async () => {
    const before = await openStore();
    await before.close();
    await truncate(data(), 0);
    const engine = await openStore();
    expect(engine.position).toBeUndefined();
    await engine.close();
  });

  test('a store whose opening killed the process twice is given up', async () => {
    const before = await openStore();
    await before.apply(changesAt(1), 1);
    await before.close();

    await writeFile(join(directory, STORE, 'opening'), Buffer.alloc(1, 1));
    const second = await openStore();
    expect(second.position).toBe(1);
    await second.close();

    await writeFile(join(directory, STORE, 'opening'), Buffer.alloc(1, 2));
    const third = await openStore();
    expect(third.position).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('died 2 times')]);
    await third.close();
  });

  test('a store of another format is rebuilt', async () => {
    const { open: openLmdb } = await import('lmdb');
    const before = await openStore();
    await before.apply(changesAt(1), 1);
    await before.close();
    const root = openLmdb<Buffer, Buffer>({ path: join(directory, STORE), noSubdir: false, maxDbs: 3 });
    const meta = root.openDB<Buffer, Buffer>({ name: 'meta', encoding: 'binary', keyEncoding: 'binary' });
    await meta.put(Buffer.from('state'), Buffer.from('{"format":99,"position":1}'));
    await root.close();

    const engine = await openStore();
    expect(engine.position).toBeUndefined();
    expect(contentOf(engine)).toEqual({});
    expect(warnings).toEqual([expect.stringContaining('format is 99')]);
    await engine.close();
  });

  test('a folder that cannot be used is an error that names it; nothing is given up', async () => {
    await writeFile(join(directory, '0_0'), 'a file in the way');
    await expect(openStore()).rejects.toThrow(join(directory, STORE));
    expect(warnings).toEqual([]);
  });
});

test('a store that another process has open can be neither opened nor removed, until that process is dead', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, 'one-by-one'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(createInterface({ input: child.stdout }), 'line');
    await expect(openStore()).rejects.toThrow(`process ${child.pid}`);
    await expect(lmdbEngines(directory).remove('0_0')).rejects.toThrow(`process ${child.pid}`);
    await expect(lmdbEngines(directory).remove()).rejects.toThrow(`process ${child.pid}`);
  } finally {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  const engine = await openStore();
  expect(engine.position).toBeGreaterThan(0);
  await engine.close();
  await lmdbEngines(directory).remove();
  const empty = await openStore();
  expect(empty.position).toBeUndefined();
  await empty.close();
});

test('a path that leaves the folder is refused', async () => {
  const engines = lmdbEngines(directory);
  for (const path of ['../elsewhere', '/etc', '0_0/../..', '', '0_0//x']) {
    await expect(engines.open(path)).rejects.toThrow('no path of a store');
    await expect(engines.remove(path)).rejects.toThrow('no path of a store');
  }
});

test('the file grows past any size it was opened with', async () => {
  const engine = await openStore();
  const value = Buffer.alloc(4_000, 'v');
  for (let batch = 0; batch < 10; batch++) {
    const changes = Array.from({ length: 1_000 }, (_, i) => ({ key: Buffer.from(`${batch}/${i}`), value }));
    await engine.apply(changes, batch);
  }
  await engine.close();
  expect((await stat(join(directory, STORE, 'data.mdb'))).size).toBeGreaterThan(40_000_000);
  const again = await openStore();
  expect([...again.entries()]).toHaveLength(10_000);
  await again.close();
});
