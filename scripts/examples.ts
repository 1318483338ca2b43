/** `npm run examples`: runs every example, and holds it to what its first comment says that it prints. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brokenPromise, promisedOutput } from './promised-output.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Starting PostgreSQL for the first time takes a few seconds, on a busy machine more. */
const TIMEOUT_MS = 120_000;

interface Run {
  readonly output: string;
  readonly errors: string;
  /** Undefined when it ended well. */
  readonly failure: string | undefined;
}

function run(file: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', file],
      { cwd: ROOT, timeout: TIMEOUT_MS, killSignal: 'SIGTERM' },
      (error, output, errors) => {
        const failure = error === null ? undefined : error.killed ? 'did not end' : `ended with ${error.code}`;
        resolve({ output, errors, failure });
      },
    );
  });
}

const files = (await readdir(new URL('../examples', import.meta.url))).filter((file) => /^\d\d-.*\.ts$/.test(file));
let failed = 0;
for (const file of files.sort()) {
  const startedAt = performance.now();
  const promised = promisedOutput(await readFile(new URL(`../examples/${file}`, import.meta.url), 'utf8'));
  const { output, errors, failure } = await run(`examples/${file}`);
  const broken = promised.length === 0 ? '(its first comment promises nothing)' : brokenPromise(promised, output);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (failure === undefined && broken === undefined) {
    console.log(`ok      ${file} (${seconds} s)`);
    continue;
  }
  failed += 1;
  console.log(`FAILED  ${file}: ${failure ?? `promised and not printed: ${broken}`}`);
  for (const line of `${output}${errors}`.trimEnd().split('\n')) console.log(`        ${line}`);
}
console.log(`${files.length - failed} of ${files.length} examples do what they say`);
process.exitCode = failed === 0 ? 0 : 1;
