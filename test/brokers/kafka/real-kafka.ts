/** A real broker for the tests of a file, or the reason why there is none. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { kafkaPart, type RunningKafka, startKafka } from '../../../deploy/stack/kafka.js';
import { StackError } from '../../../deploy/stack/part.js';

/**
 * Why Kafka cannot run here: no Java, or no Maven to fetch it with. Printed, because tests are skipped for it; where the
 * environment variable CI is set it is an error instead.
 */
export async function whyNoKafka(): Promise<string | undefined> {
  try {
    await kafkaPart().download({ say: (line) => console.log(line), signal: new AbortController().signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof StackError) || process.env.CI) throw error;
    console.warn(`The tests against a real Kafka are skipped: ${error.message}`);
    return error.message;
  }
}

/** A broker in a temporary folder that goes with it. */
export interface TestKafka {
  readonly bootstrapServers: string;
  /** Kills the broker (SIGKILL) and starts it again on the same data and port, at once or so many milliseconds later. */
  restart(awayMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** A test's records have any timestamp; by default those older than a week would be deleted under its hands. */
const KEPT = { 'log.retention.ms': '-1' };

/** @param more settings of the broker, by Kafka's names */
export async function startTestKafka(more: Readonly<Record<string, string>> = {}): Promise<TestKafka> {
  const settings = { ...KEPT, ...more };
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kafka-'));
  let kafka: RunningKafka = await startKafka({ directory, port: 0, settings });
  const { bootstrapServers } = kafka;
  return {
    bootstrapServers,
    async restart(awayMs = 0) {
      await kafka.kill('SIGKILL');
      await wait(awayMs);
      kafka = await startKafka({ directory, port: Number(bootstrapServers.split(':')[1]), settings });
    },
    async stop() {
      await kafka.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
