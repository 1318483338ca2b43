import { BrokerError } from '../../errors.js';

/** What the broker does with a topic, read from Kafka's words. */
export interface TopicConfig {
  readonly compacted: boolean;
  /** Whether old records are removed by age. */
  readonly deletes: boolean;
  /** Milliseconds, by the time of appending; Infinity for ever. */
  readonly retentionMs: number;
  /** Bytes of a partition beyond which its oldest segments are removed; Infinity for no bound. */
  readonly retentionBytes: number;
  /** Milliseconds that a tombstone stays readable after compaction met it for the first time. */
  readonly deleteRetentionMs: number;
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  /** Share of a compacted log that must be new before it is compacted again. */
  readonly minCleanableDirtyRatio: number;
}

/** Broker-wide defaults under the topic's own settings. */
export interface TopicDefaults {
  readonly maxMessageBytes: number;
}

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Kafka's default is 1 GiB, for disks that belong to a broker. */
const SEGMENT_BYTES = 64 * 1024 * 1024;

/** Kafka's topic settings that mean nothing in one process: accepted, so that one declaration serves both brokers. */
const WITHOUT_MEANING = new Set([
  'compression.type',
  'compression.gzip.level',
  'compression.lz4.level',
  'compression.zstd.level',
  'file.delete.delay.ms',
  'flush.messages',
  'flush.ms',
  'follower.replication.throttled.replicas',
  'index.interval.bytes',
  'leader.replication.throttled.replicas',
  'local.retention.bytes',
  'local.retention.ms',
  'max.compaction.lag.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'min.compaction.lag.ms',
  'min.insync.replicas',
  'preallocate',
  'remote.storage.enable',
  'segment.index.bytes',
  'segment.jitter.ms',
  'segment.ms',
  'unclean.leader.election.enable',
]);

/**
 * Reads a topic's settings.
 *
 * @throws BrokerError that names the topic and the setting, when it is unknown or its value is wrong
 */
export function topicConfig(
  topic: string,
  settings: Readonly<Record<string, string>>,
  defaults: TopicDefaults,
): TopicConfig {
  const read = { ...settings };
  const number = (name: string, fallback: number, least: number): number => {
    const text = read[name];
    delete read[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value) || value < least) {
      throw invalid(topic, name, text, `a number of at least ${least}`);
    }
    return value;
  };

  const policyText = read['cleanup.policy'] ?? 'delete';
  delete read['cleanup.policy'];
  const policies = policyText.split(',').map((word) => word.trim());
  for (const policy of policies) {
    if (policy !== 'delete' && policy !== 'compact') {
      throw invalid(topic, 'cleanup.policy', policyText, '"delete", "compact" or "compact,delete"');
    }
  }
  const retentionMs = number('retention.ms', WEEK_MS, -1);
  const retentionBytes = number('retention.bytes', -1, -1);
  const config: TopicConfig = {
    compacted: policies.includes('compact'),
    deletes: policies.includes('delete'),
    retentionMs: retentionMs < 0 ? Number.POSITIVE_INFINITY : retentionMs,
    retentionBytes: retentionBytes < 0 ? Number.POSITIVE_INFINITY : retentionBytes,
    deleteRetentionMs: number('delete.retention.ms', DAY_MS, 0),
    maxMessageBytes: number('max.message.bytes', defaults.maxMessageBytes, 0),
    segmentBytes: number('segment.bytes', SEGMENT_BYTES, 1),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio', 0.5, 0),
  };
  for (const name of Object.keys(read)) {
    if (!WITHOUT_MEANING.has(name)) throw invalid(topic, name, read[name]!, 'a topic setting of Kafka');
  }
  return config;
}

function invalid(topic: string, name: string, value: string, expected: string): BrokerError {
  return new BrokerError(
    `Topic "${topic}" cannot have ${name}=${value}: expected ${expected}.`,
    'fatal',
    'INVALID_CONFIG',
  );
}
