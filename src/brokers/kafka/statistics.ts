/**
 * librdkafka's statistics, as far as they are handed on. It gives them every `statistics.interval.ms`, 0 by default:
 * never; and only while the client is polled.
 *
 * Source: https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md
 */
import { partitionName } from '../partition-name.js';
import type { BrokerConnection, ClientStatistics } from '../port.js';
import type { Rdkafka } from './client.js';

interface Statistics {
  readonly brokers: Readonly<Record<string, Broker>>;
  readonly topics: Readonly<Record<string, { readonly topic: string; readonly partitions: Record<string, Partition> }>>;
}

interface Broker {
  readonly name: string;
  /** -1: a bootstrap address or the group's coordinator, which is one of the others. */
  readonly nodeid: number;
  readonly state: string;
  /** Microseconds. */
  readonly rtt: { readonly avg: number; readonly cnt: number };
}

interface Partition {
  readonly partition: number;
  /** Last stable offset; negative while it is not known. */
  readonly ls_offset: number;
}

/** Keeps the last statistics that a client has given. */
export class LastStatistics {
  #last: ClientStatistics | undefined;

  constructor(client: Rdkafka.KafkaConsumer) {
    const listener = ({ message }: { readonly message: string }): void => {
      this.#last = statisticsFrom(message, Date.now());
    };
    (client as { on(event: 'event.stats', listener: (event: { message: string }) => void): unknown }).on(
      'event.stats',
      listener,
    );
  }

  get last(): ClientStatistics | undefined {
    return this.#last;
  }
}

/**
 * @param text librdkafka's JSON
 * @param at milliseconds since the epoch
 */
export function statisticsFrom(text: string, at: number): ClientStatistics {
  const { brokers, topics } = JSON.parse(text) as Statistics;
  const ends = new Map<string, number>();
  for (const { topic, partitions } of Object.values(topics)) {
    for (const { partition, ls_offset: end } of Object.values(partitions)) {
      if (partition >= 0 && end >= 0) ends.set(partitionName({ topic, partition }), end);
    }
  }
  const connections: BrokerConnection[] = [];
  for (const { name, nodeid, state, rtt } of Object.values(brokers)) {
    if (nodeid < 0) continue;
    connections.push({ broker: name, isUp: state === 'UP', roundTripMs: rtt.cnt > 0 ? rtt.avg / 1_000 : undefined });
  }
  return { at, ends, brokers: connections };
}
