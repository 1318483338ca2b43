/** What can be said of the files for containers without a container engine. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ROOT } from '../e2e/millrace-process.js';

const run = promisify(execFile);

/** Why there is nothing to check with; printed, because a test is skipped for it. Where CI is set it is an error. */
async function whyNoDockerCompose(): Promise<string | undefined> {
  try {
    await run('docker-compose', ['version']);
    return undefined;
  } catch (error) {
    const advice = 'docker-compose is not installed (Debian: apt-get install --no-install-recommends docker-compose)';
    if (process.env.CI) throw new Error(advice, { cause: error });
    console.warn(`docker-compose.yaml is not checked: ${advice}`);
    return advice;
  }
}

test.skipIf((await whyNoDockerCompose()) !== undefined)('docker-compose.yaml is a valid file', async () => {
  const { stdout } = await run('docker-compose', ['--file', join(ROOT, 'docker-compose.yaml'), 'config', '--services']);
  expect(stdout.trim().split('\n').toSorted()).toEqual([
    ...['connect', 'ford-price', 'grafana', 'init-connect', 'init-kafka', 'kafka', 'messages', 'postgres'],
    ...['prometheus', 'registry', 'worker'],
  ]);
});

test('every file and folder that docker-compose.yaml takes from here is here', async () => {
  const compose = await readFile(join(ROOT, 'docker-compose.yaml'), 'utf8');
  const mounted = [...compose.matchAll(/- \.\/(\S+?):\//g)].map(([, path]) => path!);
  const named = [...compose.matchAll(/(?:env_file|dockerfile): (\S+)/g)].map(([, path]) => path!);
  const built = [...compose.matchAll(/build: (\S+)$/gm)].map(([, path]) => join(path!, 'Dockerfile'));
  const paths = [...mounted, ...named, ...built];
  expect(paths.length).toBeGreaterThan(8);
  for (const path of paths) await expect(stat(join(ROOT, path)), path).resolves.toBeDefined();
});

test('the image of the application has all that the command needs', async () => {
  const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const app = await mkdtemp(join(tmpdir(), 'millrace-image-'));
  try {
    // As its last stage copies them.
    for (const [, paths, target] of dockerfile.matchAll(/^COPY (?!--from|.*lock)(.+) (\.\S*)$/gm)) {
      for (const path of paths!.split(' ')) {
        const to = target!.endsWith('/') ? join(app, target!, path) : join(app, target!);
        await cp(join(ROOT, path), to, { recursive: true });
      }
    }
    await symlink(join(ROOT, 'node_modules'), join(app, 'node_modules'));
    const command = ['bin/millrace.js', 'run', 'topology/car-prices.ts', '--bootstrap-servers', 'no host at all'];
    // It loads command, topology and configuration, and ends at a setting that is wrong on purpose.
    await expect(run(process.execPath, command, { cwd: app })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bootstrap.servers'),
    });
  } finally {
    await rm(app, { recursive: true, force: true });
  }
});

test.each(['Dockerfile', 'models/ford/Dockerfile'])(
  '%s runs as an account of its own, and says how it is',
  async (file) => {
    const dockerfile = await readFile(join(ROOT, file), 'utf8');
    const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(lastStage).toMatch(/^USER (?!root|0)\w+$/m);
    expect(lastStage).toContain('HEALTHCHECK');
    // Files that a stage copies are let in by .dockerignore.
    if (file !== 'Dockerfile') return;
    const allowed = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) => paths!.split(' '));
    expect(copied.filter((path) => !allowed.includes(`!${path}`))).toEqual([]);
  },
);
