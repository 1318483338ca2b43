/**
 * Where `millrace replay` finds records and keeps state: on Kafka, or with `--dev` in the home of `millrace dev`, which must
 * not run meanwhile: one process has the embedded broker's files.
 */
import { resolve } from 'node:path';
import type { ApplicationConfig } from '../../app/config.js';
import type { MillraceConfig } from '../../app/millrace-config.js';
import { openEmbeddedBroker } from '../../brokers/embedded/index.js';
import type { Broker } from '../../brokers/port.js';
import { ConfigurationError } from '../../errors.js';
import { openEmbeddedRegistry } from '../../registry/embedded/index.js';
import { lmdbEngines } from '../../state/lmdb.js';
import type { StoreEngines } from '../../state/store.js';
import { loadConfig } from '../config-file.js';
import { encodingOf, type Format } from '../dev/format.js';
import { openHome, REGISTRY_PORT_SETTING, registryPort } from '../dev/home.js';
import { stopEach } from '../dev/stopping.js';
import { runSettings } from '../run/run-settings.js';
import { fromEnvironment, fromSetFlag, type GivenText, layered } from '../run/setting-layers.js';

/** What the commands say about where to work. */
export interface PlaceFlags {
  readonly config?: string | undefined;
  readonly bootstrapServers?: string | undefined;
  readonly set?: readonly string[];
  /** The home of `millrace dev` rather than Kafka. */
  readonly dev?: boolean | undefined;
  readonly format?: Format | undefined;
}

/** An open broker, and everything of the configuration that an application takes. */
export interface ReplaySurroundings {
  readonly broker: Broker;
  readonly config: ApplicationConfig;
  /** Where it is, for people: `Kafka at …` or `.millrace`. */
  readonly place: string;
  readonly isKafka: boolean;
  engines(folder: string): StoreEngines;
  close(): Promise<void>;
}

/** @throws ConfigurationError for a wrong setting, or when `millrace dev` holds its home */
export async function openSurroundings(flags: PlaceFlags): Promise<ReplaySurroundings> {
  const texts: GivenText[] = [...fromEnvironment(process.env, () => {}), ...(flags.set ?? []).map(fromSetFlag)];
  if (flags.bootstrapServers !== undefined) {
    const from = 'the flag --bootstrap-servers';
    texts.push({ setting: 'bootstrap.servers', text: flags.bootstrapServers, from });
  }
  const { config } = layered(await loadConfig(flags.config), flags.config ?? 'millrace.config.ts', texts);
  return flags.dev === true ? inHome(config, flags.format) : onKafka(config);
}

async function onKafka(config: MillraceConfig): Promise<ReplaySurroundings> {
  if (config['bootstrap.servers'] === undefined) {
    throw new ConfigurationError(
      'bootstrap.servers: where is Kafka? Give --bootstrap-servers, or set it in the configuration; --dev is for the topics of millrace dev',
      'bootstrap.servers',
    );
  }
  const { application, librdkafka, producer, consumer, ...settings } = runSettings(config);
  const { kafkaBroker } = await import('../../brokers/kafka/index.js');
  const servers = settings['bootstrap.servers'];
  const broker = kafkaBroker({
    'bootstrap.servers': servers,
    clientId: settings['client.id'] ?? `${application['application.id']}-replay`,
    librdkafka,
    producer,
    consumer,
    oauthBearerToken: settings['oauthbearer.token'],
  });
  return {
    broker,
    config: application,
    place: `Kafka at ${servers}`,
    isKafka: true,
    engines: (folder) => lmdbEngines(resolve(settings['state.dir'], folder)),
    close: () => broker.close(),
  };
}

async function inHome(config: MillraceConfig, format: Format | undefined): Promise<ReplaySurroundings> {
  // Held against what `run` accepts, so that a misspelled setting is named; there is no Kafka in it.
  const { application } = runSettings({ ...config, 'bootstrap.servers': 'none:0' });
  const home = await openHome().catch((thrown: unknown) => {
    if (!(thrown instanceof ConfigurationError) || !thrown.message.includes('in use')) throw thrown;
    throw new ConfigurationError(
      `${thrown.message} millrace dev keeps everything of its broker in this folder: stop it, replay, and start it again ` +
        '(in one process replay() runs beside an application, and on Kafka millrace replay does)',
      'MILLRACE_HOME',
      { cause: thrown },
    );
  });
  const closes: (() => Promise<void>)[] = [() => home.release()];
  try {
    const broker = await openEmbeddedBroker({ directory: home.folder('broker') });
    closes.unshift(() => broker.close());
    const registry = await openEmbeddedRegistry({
      directory: home.folder('registry'),
      port: registryPort(),
      portSetting: REGISTRY_PORT_SETTING,
    });
    closes.unshift(() => registry.close());
    return {
      broker,
      config: {
        ...application,
        models: { ...application.models, ...config.dev?.models },
        encoding: encodingOf(format, application.encoding, registry.url),
      },
      place: home.path,
      isKafka: false,
      engines: (folder) => lmdbEngines(home.folder(`replays/${folder}`)),
      close: () => stopEach(closes),
    };
  } catch (thrown) {
    await stopEach(closes);
    throw thrown;
  }
}
