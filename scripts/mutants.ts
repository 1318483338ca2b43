/**
 * Breaks the runtime on purpose, one invariant at a time, and looks whether the tests notice: `npm run mutants`.
 *
 * The tree is copied to a folder of its own; there one mutant after the other replaces a piece of text, the tests that
 * must turn red are run, and the text is put back. Ends with 1 when a mutant survives.
 *
 * `npm run mutants -- turn` runs those whose name contains `turn`.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mutant, mutants } from './mutants/mutants.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COPIED = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
/** Milliseconds until the tests of a mutant count as red: a mutant may make them wait for ever. */
const TIMEOUT_MS = 120_000;
/** The same for all tests together, without a mutant. */
const HEALTHY_TIMEOUT_MS = 600_000;

/** Mutants at once, each in a tree of its own. */
const SIDE_BY_SIDE = 2;

interface Verdict {
  readonly caught: boolean;
  /** The first test that noticed. */
  readonly by: string;
}

async function copyOfTheTree(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mutants-'));
  for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** @throws Error when the text to be replaced is not there exactly once: the mutant has to follow the code */
async function check(folder: string, { name, file, from }: Mutant): Promise<void> {
  const times = (await readFile(join(folder, file), 'utf8')).split(from).length - 1;
  if (times !== 1) throw new Error(`mutant '${name}': its text occurs ${times} times in ${file}, not once:\n${from}`);
}

/** @returns puts the text back */
async function mutate(folder: string, { file, from, to }: Mutant): Promise<() => Promise<void>> {
  const path = join(folder, file);
  const original = await readFile(path, 'utf8');
  await writeFile(
    path,
    original.replace(from, () => to),
  );
  return () => writeFile(path, original);
}

/** Runs test files until the first failure. */
function test(folder: string, files: readonly string[], timeoutMs = TIMEOUT_MS): Promise<Verdict> {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--bail=1', '--reporter=json', '--testTimeout=30000', ...files];
  return new Promise((resolve, reject) => {
    // A group of its own, so that its workers end with it: a mutant may make them run for ever.
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    let output = '';
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), timeoutMs);
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ caught: code !== 0, by: code === 0 ? '' : (failedIn(output) ?? 'they did not end') });
    });
  });
}

interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function failedIn(output: string): string | undefined {
  const start = output.indexOf('{"numTotalTestSuites"');
  if (start < 0) return undefined;
  const { testResults } = JSON.parse(output.slice(start)) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  return failed?.fullName ?? testResults.find(({ message }) => message !== '')?.message.split('\n')[0];
}

const wanted = process.argv[2] ?? '';
const chosen = mutants.filter(({ name }) => name.includes(wanted));
const startedAt = Date.now();
const waiting = [...chosen];
const folders = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, copyOfTheTree));
let survived = 0;

async function work(folder: string): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const restore = await mutate(folder, mutant);
    const { caught, by } = await test(folder, mutant.tests);
    await restore();
    if (!caught) survived += 1;
    const verdict = caught ? `caught by: ${by}` : 'SURVIVED';
    console.log(`${String(mutant.invariant).padStart(2)}  ${mutant.name.padEnd(52)}  ${verdict}`);
  }
}

try {
  for (const mutant of chosen) await check(folders[0]!, mutant);
  const healthy = await test(folders[0]!, [...new Set(chosen.flatMap(({ tests }) => tests))], HEALTHY_TIMEOUT_MS);
  if (healthy.caught) throw new Error(`without a mutant the tests are red already: ${healthy.by}`);
  await Promise.all(folders.map(work));
} finally {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
const seconds = Math.round((Date.now() - startedAt) / 1_000);
console.log(`${chosen.length - survived} of ${chosen.length} mutants caught in ${seconds} s`);
process.exitCode = survived === 0 ? 0 : 1;
