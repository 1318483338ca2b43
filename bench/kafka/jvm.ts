/** Kafka Streams on the JVM. One JVM for all its jobs, kept until the end: a warm one is measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jars } from '../../deploy/stack/maven.js';
import { findJava } from '../../deploy/stack/prerequisites.js';
import { versions } from '../../deploy/stack/versions.js';
import type { Contender } from './contenders.js';
import type { Job } from './job.js';
import type { Running } from './process.js';

const PROGRAM = fileURLToPath(new URL('../peers/jvm/CarPrices.java', import.meta.url));
const POM = '../../bench/peers/jvm/pom.xml';

/** The just-in-time compiler is at its best after about so many records. */
export const WARM_AFTER = 1_500_000;

let machine: Promise<Jvm> | undefined;

/**
 * @param threads `num.stream.threads`
 * @param warmUpRecords of the first of them: they share the JVM
 */
export function jvm(threads: number, warmUpRecords = 0): Contender {
  return {
    name: `Kafka Streams ${versions.kafka}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    kind: 'jvm',
    encodings: ['json', 'connect-json'],
    guarantees: ['at_least_once', 'exactly_once_v2'],
    warmUpRecords,
    async start(job) {
      machine ??= Jvm.start();
      return (await machine).run({ ...job, threads });
    },
    async close() {
      const started = machine;
      machine = undefined;
      await (await started)?.close();
    },
  };
}

class Jvm {
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #failed: Promise<never>;
  #isClosing = false;

  static async start(): Promise<Jvm> {
    const definitions = { 'kafka.version': versions.kafka, 'log4j.version': versions.log4j };
    const signal = new AbortController().signal;
    const folder = await jars('kafka-streams', POM, definitions, { say: console.error, signal });
    return new Jvm(await findJava(17, 'Kafka Streams'), folder);
  }

  constructor(java: string, jarFolder: string) {
    const level = '-Dorg.apache.logging.log4j.level=ERROR';
    this.#process = spawn(java, ['-Xmx1g', level, '-cp', `${jarFolder}/*`, PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface(this.#process.stdout!);
    this.#failed = once(this.#process, 'close').then(([code]) => {
      if (this.#isClosing) return new Promise<never>(() => {});
      throw new Error(`the JVM ended with exit code ${code}`);
    });
    this.#failed.catch(() => {}); // whoever waits for it is told
  }

  run(job: Job & { readonly threads: number }): Running {
    this.#process.stdin!.write(`${JSON.stringify(job)}\n`);
    return {
      failed: this.#failed,
      stop: async () => {
        const stopped = once(this.#lines, 'line');
        this.#process.stdin!.write('stop\n');
        await Promise.race([stopped, this.#failed]);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#process.stdin!.end();
    await once(this.#process, 'exit');
  }
}
