/**
 * How far a capture has published, and the topic in which that is kept.
 *
 * O1. The position is written in the transaction that publishes: the two are never apart.
 * O2. One capture, by its `topic.prefix`, has one position; the last record of the topic is it.
 * O3. It names the database cluster and the slot that it belongs to: elsewhere its numbers mean nothing.
 */
import type { Broker, ProduceRequest, TopicSpec } from '../../brokers/port.js';
import { NO_HEADERS } from '../../record.js';
import type { Patience } from './patience.js';

/** Whose log a position is of. */
export interface LogIdentity {
  /** `IDENTIFY_SYSTEM`'s: one for each cluster that `initdb` made. */
  readonly systemId: string;
  readonly database: string;
  readonly slot: string;
}

export interface CapturePosition extends LogIdentity {
  /** All transactions that end at or before it are published. */
  readonly lsn: number;
  /** The first element of `source.sequence`: the end of the last transaction seen; null before the first. */
  readonly lastCommitLsn: number | null;
  /** The transaction that was published in part: where it commits, and how many of its changes are out. */
  readonly partial: TransactionPart | null;
}

/** The first changes of a transaction, by where it commits. */
export interface TransactionPart {
  readonly commitLsn: number;
  readonly changes: number;
}

const BATCH = 1_000;
const POLL_MS = 100;
/** How far from the end of the topic the last record is looked for at first: it is followed by transaction markers. */
const WINDOW = 64;

export function positionTopic(prefix: string): string {
  return `__capture-positions.${prefix}`;
}

export function positionTopicSpec(prefix: string, replicationFactor: number | undefined): TopicSpec {
  return {
    topic: positionTopic(prefix),
    partitions: 1,
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    config: { 'cleanup.policy': 'compact' },
  };
}

export function positionRecord(prefix: string, position: CapturePosition, nowMs: number): ProduceRequest {
  return {
    topic: positionTopic(prefix),
    partition: 0,
    key: Buffer.from(JSON.stringify({ server: prefix })),
    value: Buffer.from(JSON.stringify(position)),
    timestamp: nowMs,
    headers: NO_HEADERS,
  };
}

/**
 * Reads the last position. Only after `initTransactions`: before it, a transaction of an earlier run may still commit.
 *
 * @returns undefined when there is none
 */
export async function readPosition(
  broker: Broker,
  prefix: string,
  patience: Patience,
): Promise<CapturePosition | undefined> {
  const partition = { topic: positionTopic(prefix), partition: 0 };
  const consumer = await patience.until(() =>
    broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' }),
  );
  try {
    const { low, high } = await patience.until(() => consumer.watermarks(partition));
    for (let window = WINDOW; high > low; window *= 8) {
      const start = Math.max(low, high - window);
      consumer.assign([{ ...partition, offset: start }]);
      let last: Buffer | null | undefined;
      for (let next = start; next < high; ) {
        for (const record of await patience.until(() => consumer.poll(BATCH, POLL_MS))) {
          last = record.value;
          next = record.offset + 1;
        }
        next = Math.max(next, consumer.position(partition) ?? next);
      }
      if (last !== undefined) return last === null ? undefined : parsePosition(last, partition.topic);
      if (start === low) return undefined;
    }
    return undefined;
  } finally {
    await consumer.close();
  }
}

function parsePosition(bytes: Buffer, topic: string): CapturePosition {
  try {
    const read = JSON.parse(bytes.toString()) as CapturePosition;
    if (Number.isSafeInteger(read.lsn) && typeof read.systemId === 'string') return read;
  } catch {
    // Said below, with the bytes.
  }
  throw new Error(
    `The last record of the topic ${topic} is no position of a capture: ${bytes.toString().slice(0, 200)}. Delete the ` +
      'topic to begin with a snapshot.',
  );
}
