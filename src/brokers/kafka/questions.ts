/**
 * Two ways to ask librdkafka for messages that give the same: by blocks, where the native part was built, or one by one, as
 * node-rdkafka has them.
 */
import type { Message, TopicPartitionOffset } from 'node-rdkafka';
import type { ConsumedRecord } from '../port.js';
import type { Client, Rdkafka } from './client.js';
import type { ClientError } from './errors.js';
import { fromClientHeaders } from './headers.js';
import { MessageBlocks } from './message-blocks.js';
import { type Native, nativeClient } from './native.js';

/** What was fetched. */
export interface Fetched {
  readonly records: readonly ConsumedRecord[];
  /** Partitions of which these records are the last for now, each with the offset that comes next. */
  readonly ends: readonly TopicPartitionOffset[];
}

/**
 * Asks for at most `most` messages and waits `timeoutMs` for each. One question at a time. An error may come with messages
 * that were there before it, or be thrown.
 */
export type Ask = (
  most: number,
  timeoutMs: number,
  done: (error: ClientError | undefined, fetched: Fetched) => void,
) => void;

/** The answer beside an error. */
export const NOTHING: Fetched = { records: [], ends: [] };

/** The quickest way there is. */
export function questions(client: Client, consumer: Rdkafka.KafkaConsumer): Ask {
  return typeof client.native === 'string' ? oneByOne(consumer) : byBlocks(client.native, client, consumer);
}

function byBlocks(native: Native, client: Client, consumer: Rdkafka.KafkaConsumer): Ask {
  const messages = new MessageBlocks();
  const inside = nativeClient(consumer);
  return (most, timeoutMs, done) =>
    native.fetch(inside, most, timeoutMs, (code, count, blocks, topics, offsets, table, ends) => {
      const records = messages.records(count, blocks, topics, offsets, table);
      const partitionEnds: TopicPartitionOffset[] = [];
      for (let i = 0; i < ends.length; i += 3) {
        const topic = messages.topic(topics[ends[i]!]!);
        partitionEnds.push({ topic, partition: ends[i + 1]!, offset: ends[i + 2]! });
      }
      const error = code === 0 ? undefined : { code, message: client.describe(code) };
      done(error, { records, ends: partitionEnds });
    });
}

function oneByOne(consumer: Rdkafka.KafkaConsumer): Ask {
  let ends: TopicPartitionOffset[] = [];
  let topic = '';
  // Said before the answer that they belong to.
  consumer.on('partition.eof', (end) => ends.push(end));
  return (most, timeoutMs, done) => {
    consumer.setDefaultConsumeTimeout(timeoutMs);
    consumer.consume(most, (error, messages) => {
      if (error) return done(error as ClientError, NOTHING);
      const records = messages.map((message) => {
        // Each message brings a copy of its topic's name, which is to be one; they come in runs.
        if (message.topic !== topic) topic = message.topic;
        return toRecord(message, topic);
      });
      done(undefined, { records, ends });
      ends = [];
    });
  };
}

function toRecord(message: Message, topic: string): ConsumedRecord {
  const { partition, offset, key, value, timestamp, headers } = message;
  return {
    topic,
    partition,
    offset,
    key: (key as Buffer | null | undefined) ?? null,
    value,
    timestamp: timestamp ?? -1,
    headers: fromClientHeaders(headers),
  };
}
