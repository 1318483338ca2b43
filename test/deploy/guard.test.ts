import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { identify, isRunning } from '../../deploy/stack/process-identity.js';

/** A process that starts another one under guard, and prints its id. */
async function startGuarded(): Promise<{ parent: ChildProcess; pid: number }> {
  const guard = fileURLToPath(new URL('../../deploy/stack/guard.ts', import.meta.url));
  const script = `
    import { spawn } from 'node:child_process';
    import { guard } from ${JSON.stringify(guard)};
    const server = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
    guard(server.pid);
    console.log(server.pid);
    setInterval(() => {}, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = (await once(parent.stdout!, 'data')) as [Buffer];
  return { parent, pid: Number(output.toString()) };
}

test.each(['SIGTERM', 'SIGKILL'] as const)('a server goes with the process that started it: %s', async (signal) => {
  const { parent, pid } = await startGuarded();
  const server = identify(pid)!;
  expect(isRunning(server)).toBe(true);
  parent.kill(signal);
  await once(parent, 'exit');
  await expect.poll(() => isRunning(server), { timeout: 30_000 }).toBe(false);
});
