import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { endProcess, identify, isRunning } from '../../deploy/stack/process-identity.js';

const idle = ['-e', 'setInterval(() => {}, 1000)'];

test('a process is ended by its id when it is the one that was started', async () => {
  const child = spawn(process.execPath, idle);
  const exited = once(child, 'exit');
  const identity = identify(child.pid as number)!;
  expect(isRunning(identity)).toBe(true);
  await endProcess(identity, 10_000);
  await exited;
  expect(isRunning(identity)).toBe(false);
  expect(identify(identity.pid)).toBeUndefined();
});

test('another process that has been given the same id is left alone', async () => {
  const child = spawn(process.execPath, idle);
  const exited = once(child, 'exit');
  try {
    const earlier = { pid: child.pid as number, started: 'a start long ago' };
    expect(isRunning(earlier)).toBe(false);
    await endProcess(earlier, 10_000);
    expect(child.signalCode).toBeNull();
    expect(isRunning(identify(child.pid as number)!)).toBe(true);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
});
