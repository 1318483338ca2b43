import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Path } from './path.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `millrace dev`: everything in one process, but for the database. */
export async function embeddedPath(): Promise<Path> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-latency-'));
  // The account that PostgreSQL runs as under root must get in.
  await chmod(folder, 0o755);
  const child = spawn(process.execPath, ['bin/millrace.js', 'dev', 'topology/car-prices.ts', '--rows', '1', '--json'], {
    cwd: ROOT,
    env: { ...process.env, MILLRACE_HOME: join(folder, 'home'), MILLRACE_PG_PORT: '0', MILLRACE_REGISTRY_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const database = await new Promise<string>((resolve, reject) => {
    let postgres = '';
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { event: string; postgres?: string };
      if (line.event === 'ready') postgres = line.postgres!;
      // The first price has made the table.
      if (line.event === 'priced') resolve(postgres);
    });
    void ended.then(() => reject(new Error('the application ended')));
  });
  return {
    name: 'millrace dev: embedded broker, ONNX in process',
    database,
    stages: () => [],
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
