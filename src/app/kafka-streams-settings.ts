/**
 * Settings of Kafka Streams that millrace does not have, each with what to do instead. One that is known and left out
 * is refused by its name: ignored, it would promise what does not happen.
 *
 * Source: Kafka 4.3 `org.apache.kafka.streams.StreamsConfig`.
 */

const CLIENT = "it is librdkafka's business here: say it in `librdkafka`, under librdkafka's name";
const SERDES = 'a topic declares its shapes, and `encoding` and `encodings` say how they are written';
const JAVA = 'it names a class of Java';
const HANDLERS = 'it was renamed in Kafka Streams 4: say it without `default.`';
const STANDBY =
  'there are no standby replicas; static members keep their state and take over within the session timeout';
const RACKS = 'tasks go where the group protocol puts their partitions';
const METRICS = 'counters run from the start: `metrics.port` serves them to Prometheus, which makes rates of them';
const CACHE = 'say how many entries are kept decoded: `statestore.cache.max.entries`';

const INSTEAD: Readonly<Record<string, string>> = {
  'acceptable.recovery.lag': STANDBY,
  'allow.os.group.write.access': 'folders are made with the umask of the process',
  'application.server': 'stores are not queried from outside',
  'auto.include.jmx.reporter': METRICS,
  'buffered.records.per.partition': 'say it for the whole process: `max.in.flight.records` and `max.in.flight.bytes`',
  'built.in.metrics.version': METRICS,
  'cache.max.bytes.buffering': CACHE,
  'config.providers': 'the configuration is a program: read the secret there',
  'connections.max.idle.ms': CLIENT,
  'default.client.supplier': JAVA,
  'default.deserialization.exception.handler': HANDLERS,
  'default.dsl.store': 'stores are LMDB',
  'default.key.serde': SERDES,
  'default.list.key.serde.inner': SERDES,
  'default.list.key.serde.type': SERDES,
  'default.list.value.serde.inner': SERDES,
  'default.list.value.serde.type': SERDES,
  'default.production.exception.handler': HANDLERS,
  'default.timestamp.extractor': 'give it to the source: `stream(topic, { timestampExtractor })`',
  'default.value.serde': SERDES,
  'dsl.store.suppliers.class': JAVA,
  'enable.metrics.push': METRICS,
  'ensure.explicit.internal.resource.naming': 'stores have no names but those that you give',
  'group.protocol': CLIENT,
  'internal.task.assignor.class': JAVA,
  'log.summary.interval.ms': 'the status is said every second',
  'max.task.idle.ms': 'a task takes what a poll has brought, lowest timestamp first, and does not wait for more',
  'max.warmup.replicas': STANDBY,
  'metadata.max.age.ms': CLIENT,
  'metadata.recovery.rebootstrap.trigger.ms': CLIENT,
  'metadata.recovery.strategy': CLIENT,
  'metric.reporters': METRICS,
  'metrics.num.samples': METRICS,
  'metrics.recording.level': METRICS,
  'metrics.sample.window.ms': METRICS,
  'num.standby.replicas': STANDBY,
  'num.stream.threads': 'JavaScript has one thread: run more processes of the group, `millrace run --instances N`',
  'poll.ms': 'a poll waits 100 ms at most',
  'probing.rebalance.interval.ms': STANDBY,
  'processing.exception.handler.global.enabled': 'handlers are always for the whole application',
  'processor.wrapper.class': JAVA,
  'rack.aware.assignment.non_overlap_cost': RACKS,
  'rack.aware.assignment.strategy': RACKS,
  'rack.aware.assignment.tags': RACKS,
  'rack.aware.assignment.traffic_cost': RACKS,
  'receive.buffer.bytes': CLIENT,
  'reconnect.backoff.max.ms': CLIENT,
  'reconnect.backoff.ms': CLIENT,
  'repartition.purge.interval.ms': 'nothing is repartitioned',
  'request.timeout.ms': CLIENT,
  'retry.backoff.max.ms': CLIENT,
  'retry.backoff.ms': CLIENT,
  'rocksdb.config.setter': 'stores are LMDB, which needs no tuning',
  'security.protocol': CLIENT,
  'send.buffer.bytes': CLIENT,
  'state.cleanup.delay.ms':
    'local state stays until it is removed: `Application.cleanUp()`, or the folder while nothing runs',
  'statestore.cache.max.bytes': CACHE,
  'task.assignor.class': JAVA,
  'task.timeout.ms': 'a broker that is away is waited for without end, and the metrics and `/health/ready` say so',
  'topology.optimization': 'a topology runs as it is described',
  'upgrade.from': 'there is no version to upgrade from that needs it',
  'window.size.ms': SERDES,
  'windowed.inner.class.serde': SERDES,
  'windowstore.changelog.additional.retention.ms': 'there are no windowed stores',
};

/** Settings of Kafka Streams that pass through to its clients and topics, by their first words. */
const PREFIXES: Readonly<Record<string, string>> = {
  'sasl.': CLIENT,
  'ssl.': CLIENT,
  'admin.': CLIENT,
  'main.consumer.': 'say it in `consumer`',
  'restore.consumer.': 'say it in `consumer`',
  'global.consumer.': 'say it in `consumer`',
  'topic.': 'change internal topics with `kafka-configs.sh`; what is there is left as it is',
};

/**
 * What to do instead of a setting of Kafka Streams that millrace does not have; undefined for one that Kafka Streams
 * does not have either.
 */
export function insteadOf(setting: string): string | undefined {
  if (Object.hasOwn(INSTEAD, setting)) return INSTEAD[setting];
  return Object.entries(PREFIXES).find(([prefix]) => setting.startsWith(prefix))?.[1];
}

/** Why a name is no setting, as a sentence after it. */
export function noSetting(setting: string): string {
  const instead = insteadOf(setting);
  return instead === undefined
    ? 'is no setting of millrace'
    : `is a setting of Kafka Streams that millrace does not have: ${instead}`;
}
