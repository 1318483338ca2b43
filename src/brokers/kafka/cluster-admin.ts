/**
 * What is asked of a Kafka cluster beyond librdkafka's reach: node-rdkafka binds only the creation and deletion of topics,
 * so settings of topics and the deletion of groups go through `kafkajs`, a connection for each question.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { asError, BrokerError, ConfigurationError } from '../../errors.js';
import type { KafkaOptions } from './options.js';

/** The part of kafkajs's admin client that is used. */
interface ClusterAdmin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  describeConfigs(request: {
    includeSynonyms: boolean;
    resources: readonly { type: number; name: string }[];
  }): Promise<{ resources: readonly { configEntries: readonly ConfigEntry[] }[] }>;
  deleteGroups(groupIds: string[]): Promise<unknown>;
}

interface ConfigEntry {
  readonly configName: string;
  readonly configValue: string | null;
  readonly configSource: number;
}

type Library = {
  Kafka: new (config: object) => { admin(config: object): ClusterAdmin };
  logLevel: { NOTHING: number };
};

/** Numbers of the protocol: https://kafka.apache.org/protocol#The_Messages_DescribeConfigs */
const TOPIC_RESOURCE = 2;
const SET_ON_THE_TOPIC = 1;
const REQUEST_TIMEOUT_MS = 10_000;

const SASL: Readonly<Record<string, string>> = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
};

/** The settings that a topic has of its own. @throws BrokerError when the cluster does not answer */
export async function topicConfig(options: KafkaOptions, topic: string): Promise<Readonly<Record<string, string>>> {
  const resources = [{ type: TOPIC_RESOURCE, name: topic }];
  const answer = await ask(options, `Asking for the settings of topic ${topic}`, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources }),
  );
  const own = answer.resources[0]!.configEntries.filter(({ configSource }) => configSource === SET_ON_THE_TOPIC);
  return Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue ?? '']));
}

/** Forgets a group. @throws BrokerError `fenced` while it has members */
export async function deleteGroup(options: KafkaOptions, groupId: string): Promise<void> {
  await ask(options, `Deleting group ${JSON.stringify(groupId)}`, (admin) => admin.deleteGroups([groupId]));
}

async function ask<T>(options: KafkaOptions, doing: string, question: (admin: ClusterAdmin) => Promise<T>): Promise<T> {
  const { Kafka, logLevel } = load();
  const kafka = new Kafka({
    clientId: options.clientId ?? 'millrace',
    brokers: options['bootstrap.servers'].split(',').map((each) => each.trim()),
    logLevel: logLevel.NOTHING,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(await security(options)),
  });
  const admin = kafka.admin({ retry: { retries: 3 } });
  try {
    await admin.connect();
    return await question(admin);
  } catch (thrown) {
    const reason = reasonOf(thrown);
    if (reason.type === 'GROUP_ID_NOT_FOUND') return undefined as T;
    const kind = reason.type === 'NON_EMPTY_GROUP' ? 'fenced' : reason.retriable ? 'retriable' : 'fatal';
    throw new BrokerError(`${doing} failed: ${reason.message}`, kind, reason.type, { cause: thrown });
  } finally {
    await admin.disconnect();
  }
}

/** kafkajs wraps what the broker said: for groups in a list, one for each, and after its retries in one more error. */
function reasonOf(thrown: unknown): { readonly type: string; readonly message: string; readonly retriable: boolean } {
  const error = asError(thrown) as Error & {
    type?: string;
    retriable?: boolean;
    groups?: readonly { readonly error: unknown }[];
  };
  const inner = error.groups?.[0]?.error ?? error.cause;
  if (error.type === undefined && inner !== undefined) return reasonOf(inner);
  return { type: error.type ?? error.name, message: error.message, retriable: error.retriable ?? false };
}

/** librdkafka's settings for TLS and SASL, as kafkajs has them. @throws ConfigurationError for one that it cannot do */
async function security({ librdkafka = {}, oauthBearerToken }: KafkaOptions): Promise<object> {
  const setting = (name: string) => librdkafka[name] as string | undefined;
  const protocol = (setting('security.protocol') ?? 'plaintext').toLowerCase();
  const parts: Record<string, unknown> = {};
  if (protocol.includes('ssl')) {
    const pem = async (name: string) => {
      const inline = setting(`ssl.${name}.pem`);
      const file = setting(`ssl.${name}.location`);
      return inline ?? (file === undefined ? undefined : readFile(file, 'utf8'));
    };
    const ca = await pem('ca');
    const verified = String(librdkafka['enable.ssl.certificate.verification'] ?? 'true') !== 'false';
    parts.ssl = {
      ...(ca === undefined ? {} : { ca: [ca] }),
      cert: await pem('certificate'),
      key: await pem('key'),
      passphrase: setting('ssl.key.password'),
      rejectUnauthorized: verified,
    };
  }
  if (protocol.includes('sasl')) {
    const mechanism = setting('sasl.mechanisms') ?? setting('sasl.mechanism') ?? 'GSSAPI';
    const known = SASL[mechanism];
    if (mechanism === 'OAUTHBEARER' && oauthBearerToken !== undefined) {
      const oauthBearerProvider = async () => ({ value: await oauthBearerToken() });
      return { ...parts, sasl: { mechanism: 'oauthbearer', oauthBearerProvider } };
    }
    if (known === undefined) {
      throw new ConfigurationError(
        `sasl.mechanisms: ${mechanism} cannot be used for settings of topics and for deleting groups; those know ${Object.keys(SASL).join(', ')}`,
        'sasl.mechanisms',
      );
    }
    parts.sasl = { mechanism: known, username: setting('sasl.username'), password: setting('sasl.password') };
  }
  return parts;
}

/** Loaded when it is needed, like node-rdkafka. */
function load(): Library {
  try {
    return createRequire(import.meta.url)('kafkajs') as Library;
  } catch (thrown) {
    throw new ConfigurationError(
      `Settings of topics and deleting groups of Kafka need the package kafkajs, which cannot be loaded: ${asError(thrown).message}\n` +
        'Install it with "npm install kafkajs".',
      'broker',
      { cause: thrown },
    );
  }
}
