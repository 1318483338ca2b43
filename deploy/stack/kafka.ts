/** Apache Kafka: one KRaft node on this machine, from the jars of Maven Central, without a container engine. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deployFolder, inStack } from './folders.js';
import { guard } from './guard.js';
import { brokersInCluster } from './kafka-metadata.js';
import { createTopics } from './kafka-topics.js';
import { launch, QUICK_JVM, waitUntilReady } from './launch.js';
import { jars } from './maven.js';
import { type Download, type Part, type Say, StackError } from './part.js';
import { claimPort, freePort, portFromEnvironment } from './ports.js';
import { findJava } from './prerequisites.js';
import { endProcess, identify, isRunning } from './process-identity.js';
import { versions } from './versions.js';

const run = promisify(execFile);

const JAVA_VERSION = 17;
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 20_000;

const kafkaJars = (download: Download): Promise<string> =>
  jars('kafka', 'kafka.pom.xml', { 'kafka.version': versions.kafka, 'log4j.version': versions.log4j }, download);

/** Settings of a broker, by Kafka's names. */
export type KafkaSettings = Readonly<Record<string, string>>;

/** The shared settings and those of this machine; where a setting is written twice, Java takes the later one. */
async function writeProperties(directory: string, port: number, settings: KafkaSettings): Promise<string> {
  const shared = await readFile(join(deployFolder, 'kafka', 'server.properties'), 'utf8');
  const controllerPort = await freePort();
  const file = join(directory, 'server.properties');
  const own = {
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': join(directory, 'data').replaceAll('\\', '/'),
    ...settings,
  };
  const lines = Object.entries(own).map(([key, value]) => `${key}=${value}`);
  await writeFile(file, `${shared}\n# This machine\n${lines.join('\n')}\n`);
  return file;
}

interface LaunchedKafka {
  readonly pid: number;
  readonly bootstrapServers: string;
  readonly alive: () => boolean;
  /** Sends a signal, unless the process has ended. */
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<void>;
  /** Lets this Node process end while the broker runs on. */
  readonly detach: () => void;
}

/** As Kafka makes them: one that began with a dash would be taken for an option. Source: org.apache.kafka.common.Uuid */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

/** Formats the data folder the first time, then starts the broker in it. */
async function launchKafka(
  directory: string,
  port: number,
  settings: KafkaSettings,
  log: string,
  say: Say,
): Promise<LaunchedKafka> {
  const java = await findJava(JAVA_VERSION, 'Kafka');
  const classes = join(await kafkaJars({ say, signal: new AbortController().signal }), '*');
  await mkdir(directory, { recursive: true });
  const properties = await writeProperties(directory, port, settings);
  const logging = `-Dlog4j2.configurationFile=${join(deployFolder, 'kafka', 'log4j2.xml')}`;

  if (!existsSync(join(directory, 'data', 'meta.properties'))) {
    const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', newClusterId(), '--config', properties];
    try {
      await run(java, [...QUICK_JVM, '-Xmx256m', logging, '-cp', classes, ...format]);
    } catch (error) {
      throw new StackError(`Kafka could not format ${directory}: ${(error as Error).message}`, { cause: error });
    }
  }

  const child = await launch(java, ['-Xms256m', '-Xmx1g', logging, '-cp', classes, 'kafka.Kafka', properties], log);
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid as number,
    bootstrapServers: `127.0.0.1:${port}`,
    alive,
    kill: (signal) => void (alive() && child.kill(signal)),
    ended: new Promise((resolve) => child.once('exit', () => resolve())),
    detach: () => child.unref(),
  };
}

async function answers(bootstrapServers: string): Promise<boolean> {
  const [host = '', port = ''] = bootstrapServers.split(':');
  return (await brokersInCluster(host, Number(port), 1_000)) > 0;
}

/** Kafka as a part of the stack: port `MILLRACE_KAFKA_PORT` (9092), data in `.stack/data/kafka`. */
export function kafkaPart(): Part {
  const log = inStack('logs', 'kafka.log');
  const directory = inStack('data', 'kafka');
  return {
    name: 'kafka',
    version: versions.kafka,
    log,
    needs: () => [],
    async download(download) {
      await findJava(JAVA_VERSION, 'Kafka');
      await kafkaJars(download);
    },
    async start({ data }) {
      const port = await claimPort(portFromEnvironment('MILLRACE_KAFKA_PORT', 9092), 'MILLRACE_KAFKA_PORT');
      if (data === 'fresh') await rm(directory, { recursive: true, force: true });
      const kafka = await launchKafka(directory, port, {}, log, () => {});
      kafka.detach();
      return { pid: kafka.pid, endpoint: kafka.bootstrapServers };
    },
    healthy: answers,
    prepare: createTopics,
  };
}

/** A broker of one's own. */
export interface RunningKafka {
  /** `127.0.0.1:PORT` */
  readonly bootstrapServers: string;
  readonly pid: number;
  /** Ends the broker in order and waits until it is gone. */
  stop(): Promise<void>;
  /** Sends a signal, such as SIGKILL, SIGSTOP or SIGCONT; after SIGKILL it resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a broker for a test, beside and without touching the one of `npm run stack`. Resolves when it takes requests.
 * The jars are downloaded once, into the same folder as the runner's. When this Node process goes, the broker goes with it.
 *
 * @param options.directory its data, configuration and log; started again on the same folder (and port) it is the same
 *   broker with the same records
 * @param options.port 0 for a free one
 * @param options.settings Kafka's own. By default it deletes records whose *timestamp* is older than a week
 *   (`log.retention.ms`), from half a minute after its start
 * @throws StackError without Java or Maven, when the port is taken, or when the broker does not come up
 *
 * @example
 * const kafka = await startKafka({ directory: await mkdtemp(join(tmpdir(), 'kafka-')), port: 0 });
 * try {
 *   await use(kafka.bootstrapServers);
 * } finally {
 *   await kafka.stop();
 * }
 */
export async function startKafka(options: {
  readonly directory: string;
  readonly port: number;
  readonly settings?: KafkaSettings;
  readonly say?: Say;
}): Promise<RunningKafka> {
  const log = join(options.directory, 'kafka.log');
  const port = await claimPort(options.port, 'port');
  const kafka = await launchKafka(options.directory, port, options.settings ?? {}, log, options.say ?? (() => {}));
  const letGo = guard(kafka.pid);
  const ended = kafka.ended.then(letGo);
  const identity = identify(kafka.pid);

  try {
    await waitUntilReady('Kafka', () => answers(kafka.bootstrapServers), kafka.alive, log, READY_WITHIN_MS);
  } catch (error) {
    kafka.kill('SIGKILL');
    await ended;
    throw error;
  }
  return {
    bootstrapServers: kafka.bootstrapServers,
    pid: kafka.pid,
    async stop() {
      if (identity !== undefined && isRunning(identity)) await endProcess(identity, STOPPED_WITHIN_MS);
      await ended;
    },
    async kill(signal) {
      kafka.kill(signal);
      if (signal === 'SIGKILL') await ended;
    },
  };
}
