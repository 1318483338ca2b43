/** Kafka Connect with Debezium: the source that captures `car_data`, the sink that writes `car_data_predicted`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectorStates, registerConnectors } from './connectors.js';
import { readEnvFile } from './env-file.js';
import { deployFolder, inStack } from './folders.js';
import { answersOk } from './http-health.js';
import { launch, QUICK_JVM } from './launch.js';
import { archives, jars } from './maven.js';
import type { Download, Part, StartOptions } from './part.js';
import { claimPort, portFromEnvironment } from './ports.js';
import { findJava } from './prerequisites.js';
import { rememberFormat } from './stack-format.js';
import { versions } from './versions.js';

const JAVA_VERSION = 17;
const PORT = 'MILLRACE_CONNECT_PORT';

interface ConnectFiles {
  /** Connect's own jars. */
  readonly classes: string;
  /** Folders with a folder for each plugin. */
  readonly plugins: readonly string[];
}

async function connectFiles(download: Download): Promise<ConnectFiles> {
  const classes = await jars(
    'connect',
    'connect.pom.xml',
    { 'kafka.version': versions.kafka, 'log4j.version': versions.log4j },
    download,
  );
  const connectors = ['postgres', 'jdbc'].map(
    (kind) => `io.debezium:debezium-connector-${kind}:${versions.debezium}:tar.gz:plugin`,
  );
  const debezium = await archives('debezium', connectors, download);
  const version = { 'converter.version': versions.avroConverter };
  const goals = ['dependency:copy-dependencies', 'jar:jar'];
  const converter = await jars('avro-converter', 'avro-converter.pom.xml', version, download, goals);
  return { classes, plugins: [debezium, converter] };
}

/** The variables that the files in `deploy/connectors` name. */
function addresses({ endpointOf, format }: StartOptions): Readonly<Record<string, string>> {
  const postgres = new URL(endpointOf('postgres'));
  return {
    POSTGRES_HOST: postgres.hostname,
    POSTGRES_PORT: postgres.port,
    POSTGRES_USER: decodeURIComponent(postgres.username),
    POSTGRES_PASSWORD: decodeURIComponent(postgres.password),
    ...(format === 'avro' ? { REGISTRY_URL: new URL(endpointOf('registry')).origin } : {}),
  };
}

/** `CONNECT_REST_PORT` and `REST_PORT` are both `rest.port`. */
const propertyOf = (variable: string): string =>
  variable
    .replace(/^CONNECT_/, '')
    .toLowerCase()
    .replaceAll('_', '.');

async function writeWorkerProperties(port: number, plugins: readonly string[], servers: string): Promise<string> {
  const shared = await readEnvFile(join(deployFolder, 'connect', 'worker.env'));
  const properties = {
    ...Object.fromEntries(Object.entries(shared).map(([variable, value]) => [propertyOf(variable), value])),
    'bootstrap.servers': servers,
    listeners: `http://127.0.0.1:${port}`,
    'plugin.path': plugins.join(','),
    // All plugins here say in META-INF/services what they are; to search their classes takes half a minute.
    'plugin.discovery': 'service_load',
  };
  const file = inStack('data', 'connect', 'worker.properties');
  await mkdir(dirname(file), { recursive: true });
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

/**
 * Kafka Connect as a part of the stack: port `MILLRACE_CONNECT_PORT` (8083). What it has to remember is in Kafka.
 */
export function connectPart(): Part {
  const log = inStack('logs', 'connect.log');
  return {
    name: 'connect',
    version: `${versions.kafka}, Debezium ${versions.debezium}`,
    log,
    needs: (format) => (format === 'avro' ? ['kafka', 'postgres', 'registry'] : ['kafka', 'postgres']),
    async download(download) {
      await findJava(JAVA_VERSION, 'Kafka Connect');
      await connectFiles(download);
    },
    async start(options) {
      const java = await findJava(JAVA_VERSION, 'Kafka Connect');
      const port = await claimPort(portFromEnvironment(PORT, 8083), PORT);
      const { classes, plugins } = await connectFiles({ say: () => {}, signal: new AbortController().signal });
      const properties = await writeWorkerProperties(port, plugins, options.endpointOf('kafka'));
      const args = [
        ...QUICK_JVM,
        ...['-Xms256m', '-Xmx1g'],
        `-Dlog4j2.configurationFile=${join(deployFolder, 'kafka', 'log4j2.xml')}`,
        ...['-cp', join(classes, '*'), 'org.apache.kafka.connect.cli.ConnectDistributed', properties],
      ];
      const child = await launch(java, args, log, { env: addresses(options) });
      child.unref();
      return { pid: child.pid!, endpoint: `http://127.0.0.1:${port}` };
    },
    healthy: (endpoint) => answersOk(`${endpoint}/connectors`),
    async prepare(endpoint, { format }, say) {
      await rememberFormat(format);
      await registerConnectors(endpoint, format, say);
    },
    async describe(endpoint) {
      const states = await connectorStates(endpoint);
      return states.map(({ name, state }) => `${name} ${state}`).join(', ');
    },
  };
}
