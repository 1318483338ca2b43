/**
 * Where the commands that look at topics work: on Kafka, or with `--dev` in the home of `millrace dev`, which must not run
 * meanwhile: one process has the embedded broker's files.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { MillraceConfig } from '../app/millrace-config.js';
import { openEmbeddedBroker } from '../brokers/embedded/index.js';
import type { Broker } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { openEmbeddedRegistry } from '../registry/embedded/index.js';
import { avro } from '../serde/avro/encoding.js';
import { ENCODINGS, type Encoding } from '../serde/encoding.js';
import { lmdbEngines } from '../state/lmdb.js';
import type { StoreEngines } from '../state/store.js';
import { loadConfig } from './config-file.js';
import { openHome } from './dev/home.js';
import { stopEach } from './dev/stopping.js';
import { fromEnvironment, layered } from './run/setting-layers.js';

/** What the commands say about where to work. */
export interface PlaceFlags {
  readonly config?: string;
  readonly bootstrapServers?: string;
  readonly dev?: boolean;
  readonly registry?: string;
  readonly json?: boolean;
}

/** An open broker, and what is known around it. */
export interface BrokerPlace {
  readonly broker: Broker;
  /** Empty where there is no configuration. */
  readonly config: Partial<MillraceConfig>;
  /** Where the schemas of Avro are, when that is known. */
  readonly avro: Encoding | undefined;
  /** The state of an application on this machine. */
  engines(applicationId: string): StoreEngines;
  close(): Promise<void>;
}

/** The flags of {@link PlaceFlags}. */
export function withPlace(command: Command): Command {
  return command
    .option('--bootstrap-servers <list>', 'host:port,… (default: bootstrap.servers of the configuration)')
    .option('--dev', 'work on the topics of millrace dev (MILLRACE_HOME), which must not run meanwhile')
    .addOption(new Option('--registry <url>', 'where the schemas of Avro are').env('MILLRACE_REGISTRY_URL'))
    .option('--json', 'one JSON object a line, for machines');
}

/** Opens the place for the length of a piece of work. @throws ConfigurationError when nothing says where Kafka is */
export async function atPlace<T>(flags: PlaceFlags, work: (place: BrokerPlace) => Promise<T>): Promise<T> {
  const place = await openPlace(flags);
  try {
    return await work(place);
  } finally {
    await place.close();
  }
}

/**
 * The encoding by its name.
 *
 * @throws ConfigurationError when it is none, or Avro without a registry
 */
export function encodingNamed(name: string, place: BrokerPlace): Encoding {
  const encoding = name === 'avro' ? place.avro : ENCODINGS.get(name);
  if (encoding !== undefined) return encoding;
  const why =
    name === 'avro' ? 'needs a registry: give --registry' : `is none of ${[...ENCODINGS.keys()].join(', ')}, avro`;
  throw new ConfigurationError(`--encoding: '${name}' ${why}`, 'encoding');
}

async function openPlace(flags: PlaceFlags): Promise<BrokerPlace> {
  const hasConfig = flags.config !== undefined || existsSync(resolve('millrace.config.ts'));
  const file: Partial<MillraceConfig> = hasConfig ? await loadConfig(flags.config) : {};
  const texts = fromEnvironment(process.env, () => {});
  const { config } = layered(file as MillraceConfig, flags.config ?? 'millrace.config.ts', texts);
  return flags.dev === true ? inHome(config, flags) : onKafka(config, flags);
}

async function onKafka(config: Partial<MillraceConfig>, flags: PlaceFlags): Promise<BrokerPlace> {
  const servers = flags.bootstrapServers ?? config['bootstrap.servers'];
  if (servers === undefined) {
    throw new ConfigurationError(
      'bootstrap.servers: where is Kafka? Give --bootstrap-servers, or set it in the configuration; --dev is for the topics of millrace dev',
      'bootstrap.servers',
    );
  }
  const { kafkaBroker } = await import('../brokers/kafka/index.js');
  const broker = kafkaBroker({
    'bootstrap.servers': servers,
    librdkafka: config.librdkafka ?? {},
    oauthBearerToken: config['oauthbearer.token'],
  });
  return {
    broker,
    config,
    avro: avroOf(config, flags.registry),
    engines: (applicationId) => lmdbEngines(resolve(config['state.dir'] ?? '.millrace/state', applicationId)),
    close: () => broker.close(),
  };
}

async function inHome(config: Partial<MillraceConfig>, flags: PlaceFlags): Promise<BrokerPlace> {
  const home = await openHome();
  const closes: (() => Promise<void>)[] = [() => home.release()];
  try {
    const broker = await openEmbeddedBroker({ directory: home.folder('broker') });
    closes.unshift(() => broker.close());
    const registry = await openEmbeddedRegistry({ directory: home.folder('registry'), port: 0, portSetting: 'port' });
    closes.unshift(() => registry.close());
    return {
      broker,
      config,
      avro: avro({ registry: flags.registry ?? registry.url }),
      engines: () => lmdbEngines(home.folder('state')),
      close: () => stopEach(closes),
    };
  } catch (thrown) {
    await stopEach(closes);
    throw thrown;
  }
}

function avroOf({ encoding }: Partial<MillraceConfig>, registry: string | undefined): Encoding | undefined {
  if (registry !== undefined) return avro({ registry });
  return typeof encoding === 'object' && encoding.name === 'avro' ? encoding : undefined;
}
