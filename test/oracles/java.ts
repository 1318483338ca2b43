/**
 * Java's Avro and Kafka's JsonConverter, asked line by line: one process for a whole test file.
 *
 * The tests are left out, and say why, only where Java or Maven is missing and nobody runs them for others (`CI`).
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lockFolder } from '../../src/folder-lock.js';

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL('../jvm/avro/', import.meta.url));
const SOURCES = `${PROJECT}src/main/java/millrace/`;

/**
 * Avro's usual reader, not its faster one. That fails for a field added with the default `[]` whose type is a union: it asks
 * the union for the type of its items (`FastReaderBuilder.getDefaultingStep`, Avro 1.12.1).
 */
const PLAIN_READER = '-Dorg.apache.avro.fastread=false';

/** Cases of one property: a thousand, or what `MILLRACE_RUNS` says. */
export const RUNS = Number(process.env.MILLRACE_RUNS ?? 1_000);

/** Why Java cannot be asked; undefined when it can. */
export async function whyNoJava(): Promise<string | undefined> {
  try {
    await run('java', ['-version']);
    if (!isBuilt()) await run('mvn', ['-version']);
    return undefined;
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    return `not asked, ${(error as Error).message.split('\n')[0]}`;
  }
}

/** With the sources of now. */
function isBuilt(): boolean {
  const jar = `${PROJECT}target/avro-1.jar`;
  if (!existsSync(jar) || !existsSync(`${PROJECT}target/dependency`)) return false;
  const builtAt = statSync(jar).mtimeMs;
  return [`${PROJECT}pom.xml`, ...readdirSync(SOURCES).map((file) => `${SOURCES}${file}`)].every(
    (file) => statSync(file).mtimeMs <= builtAt,
  );
}

/** Several test files may want it at once: one builds, the others wait. */
async function build(): Promise<void> {
  for (;;) {
    if (isBuilt()) return;
    const lock = await lockFolder(PROJECT, 'build').catch(() => undefined);
    if (lock === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    try {
      if (!isBuilt()) await run('mvn', ['-q', '-B', 'package'], { cwd: PROJECT });
    } finally {
      await lock.release();
    }
  }
}

export class JavaOracle {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`Java ended with ${code}: ${said.slice(-2_000)}`));
    });
  }

  static async start(): Promise<JavaOracle> {
    await build();
    const classPath = `${PROJECT}target/avro-1.jar:${PROJECT}target/dependency/*`;
    const options = ['-Xmx256m', '-Xss4m', '-XX:+UseSerialGC', PLAIN_READER];
    return new JavaOracle(spawn('java', [...options, '-cp', classPath, 'millrace.Oracle']));
  }

  /** One question and its answer; an answer with `error` is what Java has thrown. */
  ask<T>(
    question: { readonly ask: string } & Readonly<Record<string, unknown>>,
  ): Promise<T & { readonly error?: string }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    await ended;
  }
}
