/** Apicurio Registry, which answers the calls of the Confluent registry. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readEnvFile } from './env-file.js';
import { deployFolder, inStack } from './folders.js';
import { answersOk } from './http-health.js';
import { launch, QUICK_JVM, waitUntilReady } from './launch.js';
import { archives } from './maven.js';
import type { Download, Part } from './part.js';
import { claimPort, portFromEnvironment } from './ports.js';
import { findJava } from './prerequisites.js';
import { endProcess, identify } from './process-identity.js';
import { versions } from './versions.js';

const JAVA_VERSION = 21;
const PORT = 'MILLRACE_REGISTRY_PORT';
const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 10_000;
/** Where it answers as the Confluent registry does. */
const CONFLUENT_API = '/apis/ccompat/v7';

const application = (download: Download): Promise<string> =>
  archives('registry', [`io.apicurio:apicurio-registry-app:${versions.apicurio}:tar.gz:all`], download);

async function download(how: Download): Promise<void> {
  await findJava(JAVA_VERSION, 'The schema registry');
  await application(how);
}

async function launchRegistry(directory: string, port: number, log: string) {
  const java = await findJava(JAVA_VERSION, 'The schema registry');
  const folder = await application({ say: () => {}, signal: new AbortController().signal });
  await mkdir(directory, { recursive: true });
  const env = {
    ...(await readEnvFile(join(deployFolder, 'registry', 'registry.env'))),
    APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(directory, 'registry')}`,
    QUARKUS_HTTP_HOST: '127.0.0.1',
    QUARKUS_HTTP_PORT: String(port),
    // Its second interface, for metrics and health, is at port 9000 of all addresses by default: a second registry, or
    // whatever else has that port, would keep it from starting.
    QUARKUS_MANAGEMENT_HOST: '127.0.0.1',
    QUARKUS_MANAGEMENT_PORT: '0',
  };
  const child = await launch(java, [...QUICK_JVM, '-Xmx512m', '-jar', join(folder, 'quarkus-run.jar')], log, { env });
  return { child, endpoint: `http://127.0.0.1:${port}${CONFLUENT_API}` };
}

/** Whether it answers as a registry. */
const answers = (endpoint: string): Promise<boolean> => answersOk(`${endpoint}/config`);

/** Apicurio as a part of the stack: port `MILLRACE_REGISTRY_PORT` (8081), data in `.stack/data/registry`. */
export function registryPart(): Part {
  const log = inStack('logs', 'registry.log');
  const directory = inStack('data', 'registry');
  return {
    name: 'registry',
    version: versions.apicurio,
    log,
    needs: () => [],
    download,
    async start({ data }) {
      const port = await claimPort(portFromEnvironment(PORT, 8081), PORT);
      if (data === 'fresh') await rm(directory, { recursive: true, force: true });
      const { child, endpoint } = await launchRegistry(directory, port, log);
      child.unref();
      return { pid: child.pid!, endpoint };
    },
    healthy: answers,
  };
}

/** A registry of one's own. */
export interface RunningRegistry {
  /** `http://127.0.0.1:PORT/apis/ccompat/v7` */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a registry for a test on a free port, beside and without touching the one of `npm run stack`.
 *
 * @param options.directory its data and log
 * @throws StackError without Java 21 or Maven, or when it does not come up
 */
export async function startRegistry(options: { readonly directory: string }): Promise<RunningRegistry> {
  const log = join(options.directory, 'registry.log');
  const { child, endpoint } = await launchRegistry(options.directory, await claimPort(0, PORT), log);
  const identity = identify(child.pid!);
  const stop = async () => {
    if (identity !== undefined) await endProcess(identity, STOPPED_WITHIN_MS);
  };
  try {
    const alive = () => child.exitCode === null && child.signalCode === null;
    await waitUntilReady('registry', () => answers(endpoint), alive, log, READY_WITHIN_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: endpoint, pid: child.pid!, stop };
}
