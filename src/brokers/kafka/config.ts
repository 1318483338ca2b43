/**
 * The settings of the clients: what the port asks for, then the user's, except for those that the guarantees rest on.
 *
 * Why these values: `fetch.queue.backoff.ms` at its default of a second stalls fetching about once a second;
 * `reconnect.backoff.max.ms` at its default of 10 s delays the first commit after an outage by several seconds;
 * `queued.*` at their defaults keep 64 MiB and 100,000 records of each partition read ahead, where a fraction of a second is
 * enough; the default partitioner is not Java's (B9); a consumer's or producer's auto-create would make topics with one partition.
 */
import { ConfigurationError } from '../../errors.js';
import type { ConsumerConfig, ProducerConfig } from '../port.js';
import { membershipSettings } from './group-protocol.js';
import type { KafkaOptions, LibrdkafkaSettings } from './options.js';
import { checkSecurity } from './security.js';
import { clientReset } from './start-offsets.js';

const DEFAULT_TRANSACTION_TIMEOUT_MS = 60_000;
/** How long a broker keeps a fetch of a reader that belongs to no group, at the end of a partition. */
const READER_FETCH_WAIT_MS = 10;

/**
 * Settings of librdkafka that belong to a topic. The binding sets those of the client first and then replaces all of a
 * topic's by its second argument, so one that is given among the client's is silently lost.
 */
const TOPIC_SETTINGS: ReadonlySet<string> = new Set([
  'acks',
  'request.required.acks',
  'request.timeout.ms',
  'message.timeout.ms',
  'delivery.timeout.ms',
  'queuing.strategy',
  'produce.offset.report',
  'partitioner',
  'msg_order_cmp',
  'compression.codec',
  'compression.type',
  'compression.level',
  'auto.offset.reset',
  'consume.callback.max.messages',
]);

/** The two arguments of the binding's clients. */
export interface ClientSettings {
  readonly client: Record<string, unknown>;
  readonly topic: Record<string, unknown>;
}

function byLevel(settings: Record<string, unknown>): ClientSettings {
  const [topic, client] = [true, false].map((wanted) =>
    Object.fromEntries(Object.entries(settings).filter(([name]) => TOPIC_SETTINGS.has(name) === wanted)),
  );
  return { client: client!, topic: topic! };
}

/** Each with the way in which a user may say it, if there is one. */
const OWN_SETTINGS: Readonly<Record<string, string>> = {
  'bootstrap.servers': "it is an option of its own: 'bootstrap.servers'",
  'metadata.broker.list': "say it as 'bootstrap.servers'",
  'client.id': 'say it as clientId',
  'group.id': 'it follows from the application id',
  'group.instance.id': 'it follows from instance.id',
  'transactional.id': 'it follows from the application id and instance.id',
  'auto.offset.reset': 'it follows from the offset reset of each source',
  'isolation.level': 'it follows from processing.guarantee',
  'enable.auto.commit': 'the runtime commits, and only what is finished',
  'enable.auto.offset.store': 'the runtime commits, and only what is finished',
  'enable.idempotence': 'without it records may be duplicated or reordered',
  'enable.partition.eof': 'bounded reads need it',
  partitioner: "a key must lie where Java's clients look for it",
  rebalance_cb: 'the adapter answers rebalances',
  offset_commit_cb: 'the adapter waits for commits',
  dr_cb: 'the adapter takes delivery reports',
  dr_msg_cb: 'the adapter takes delivery reports',
  'delivery.report.only.error': 'the adapter takes delivery reports',
  event_cb: 'use onLog',
};

function userSettings(where: string, settings: LibrdkafkaSettings | undefined): Record<string, unknown> {
  const passed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings ?? {})) {
    const reason = OWN_SETTINGS[name];
    if (reason !== undefined) throw new ConfigurationError(`${where}: ${name} cannot be set here; ${reason}.`, name);
    // The binding answers an undefined value with an error that names nothing, or by aborting the process.
    if (value === undefined || value === null) {
      throw new ConfigurationError(`${where}: ${name} is ${value}. Give it a value, or leave it out.`, name);
    }
    passed[name] = value;
  }
  return passed;
}

function common(options: KafkaOptions): Record<string, unknown> {
  const given = userSettings('librdkafka', options.librdkafka);
  checkSecurity(given);
  return {
    'bootstrap.servers': options['bootstrap.servers'],
    'client.id': options.clientId ?? 'millrace',
    'reconnect.backoff.max.ms': 500,
    ...given,
  };
}

/**
 * The settings of a consumer without its callbacks.
 *
 * @param groupId that of the port, or a made-up one: librdkafka has no consumer without
 * @throws ConfigurationError for a setting that cannot be overridden
 */
export function consumerSettings(options: KafkaOptions, config: ConsumerConfig, groupId: string): ClientSettings {
  const given = { ...common(options), ...userSettings('consumer', options.consumer) };
  const settings: Record<string, unknown> = {
    ...membershipSettings(config, given),
    'fetch.queue.backoff.ms': 10,
    'queued.min.messages': 10_000,
    'queued.max.messages.kbytes': 4_096,
    // A bounded read is over when a fetch comes back empty, and what is asked meanwhile waits behind that fetch. A group's
    // consumer waits for records, which end its fetch at once.
    ...(config.groupId === undefined ? { 'fetch.wait.max.ms': READER_FETCH_WAIT_MS } : {}),
    'allow.auto.create.topics': false,
    ...given,
    'group.id': groupId,
    'isolation.level': config.isolation,
    'auto.offset.reset': clientReset(config.offsetReset),
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
  };
  // The only way to hear that partitions are lost rather than revoked is a line of this log (see rebalance.ts).
  settings.debug = settings.debug === undefined ? 'consumer' : `${settings.debug},consumer`;
  return byLevel(settings);
}

/**
 * The settings of a producer.
 *
 * @throws ConfigurationError for a setting that cannot be overridden
 */
export function producerSettings(options: KafkaOptions, config: ProducerConfig): ClientSettings {
  const settings: Record<string, unknown> = {
    // Null keys go round the partitions (B9), not to one of them for some milliseconds.
    'sticky.partitioning.linger.ms': 0,
    ...common(options),
    ...userSettings('producer', options.producer),
    'enable.idempotence': true,
    partitioner: 'murmur2_random',
    dr_cb: true,
    // A report for every record is slow to surface; the failures are what matters.
    'delivery.report.only.error': true,
  };
  if (config.transactionalId !== undefined) {
    settings['transactional.id'] = config.transactionalId;
    settings['transaction.timeout.ms'] =
      config.transactionTimeoutMs ?? settings['transaction.timeout.ms'] ?? DEFAULT_TRANSACTION_TIMEOUT_MS;
  }
  return byLevel(settings);
}

/** The settings of a client that asks about topics, and of one that changes them. */
export function adminSettings(options: KafkaOptions): { readonly reader: object; readonly changer: object } {
  const reader = byLevel(common(options)).client;
  // It has no callback for its log and would write to standard error what its calls report anyway.
  return { reader, changer: { ...reader, log_level: 0 } };
}
