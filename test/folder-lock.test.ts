import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../src/errors.js';
import { lockFolder } from '../src/folder-lock.js';

const LOCKER = fileURLToPath(new URL('fixtures/broker/hold-lock.ts', import.meta.url));

describe('lockFolder', () => {
  let directory: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-lock-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    await rm(directory, { recursive: true });
  });

  const killed = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  /** Another process that holds the lock. */
  const holder = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, ['--import', 'tsx', LOCKER, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout!, 'data');
    return child;
  };

  it('refuses a second one in this process, and allows it after the release', async () => {
    const lock = await lockFolder(directory, 'test');
    await expect(lockFolder(directory, 'test')).rejects.toThrow(ConfigurationError);
    await lock.release();
    await lock.release();
    await (await lockFolder(directory, 'test')).release();
    expect(await readdir(directory)).toEqual([]);
  });

  it('names the process that holds it', async () => {
    const child = await holder();
    await expect(lockFolder(directory, 'test')).rejects.toThrow(new RegExp(`process ${child.pid} holds it`));
  });

  it('is free when its holder was killed', async () => {
    await killed(await holder());
    expect(await readdir(directory)).toHaveLength(1);
    const lock = await lockFolder(directory, 'test');
    expect(await readdir(directory)).toHaveLength(1);
    await lock.release();
  });

  it('is free when the number of its holder belongs to another process now', async () => {
    const name = ['.lock-', process.pid, '@', 'another%20start', '@', encodeURIComponent(hostname()), '@', 'x'].join(
      '',
    );
    await writeFile(join(directory, name), '');
    await (await lockFolder(directory, 'test')).release();
  });

  it('respects a holder on another host, and says how to get rid of it', async () => {
    await writeFile(join(directory, '.lock-1@start@elsewhere@x'), '');
    await expect(lockFolder(directory, 'test')).rejects.toThrow(
      /host "elsewhere".*delete .*\.lock-1@start@elsewhere@x/,
    );
  });

  it('goes to one at most of many that ask at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(directory, 'test')));
    const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(locks.length).toBeLessThanOrEqual(1);
    for (const lock of locks) await lock.release();
    await (await lockFolder(directory, 'test')).release();
  });
});
