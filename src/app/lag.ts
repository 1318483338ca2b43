/**
 * How far an application is behind: what has been written to its partitions and is not committed by it.
 *
 * Ends come from the client's statistics where these are fresh, at no cost, and are asked of the broker where they are
 * silent: the embedded broker makes none, and librdkafka makes them only while it is polled.
 */
import { partitionName } from '../brokers/partition-name.js';
import type { Broker, Consumer, TopicPartition } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import type { Application } from './application.js';

/** Statistics are older than two of their intervals (5 s by default in `millrace run`): the client is silent. */
const FRESH_MS = 12_000;

/** Records of one partition that are not finished. */
export interface PartitionLag extends TopicPartition {
  readonly records: number;
}

export class Lag {
  readonly #application: Application;
  readonly #broker: Broker;
  readonly #clock: Clock;
  #consumer: Promise<Consumer> | undefined;

  constructor(application: Application, broker: Broker, clock: Clock) {
    this.#application = application;
    this.#broker = broker;
    this.#clock = clock;
  }

  /**
   * Of each partition that the application has and knows its place in.
   *
   * @throws BrokerError when the broker has to be asked and does not answer
   */
  async partitions(): Promise<readonly PartitionLag[]> {
    const lags: PartitionLag[] = [];
    for (const partition of this.#application.partitions) {
      const done = this.#application.finishedUpTo(partition);
      if (done === undefined) continue;
      const end = await this.#endOf(partition);
      lags.push({ ...partition, records: Math.max(0, end - done) });
    }
    return lags;
  }

  async close(): Promise<void> {
    // One that could not be opened needs no closing.
    const consumer = await this.#consumer?.catch(() => undefined);
    await consumer?.close();
  }

  async #endOf(partition: TopicPartition): Promise<number> {
    const statistics = this.#application.clientStatistics;
    const known = statistics?.ends.get(partitionName(partition));
    if (statistics !== undefined && known !== undefined && this.#clock.now() - statistics.at < FRESH_MS) return known;
    this.#consumer ??= this.#broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    try {
      return (await (await this.#consumer).watermarks(partition)).high;
    } catch (thrown) {
      await this.close();
      this.#consumer = undefined;
      throw thrown;
    }
  }
}
