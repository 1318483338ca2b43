/** Seeks of a consumer: asked for at once, done before the next fetch. */
import { setTimeout as wait } from 'node:timers/promises';
import { partitionName } from '../partition-name.js';
import type { TopicPartitionOffset } from '../port.js';
import type { Rdkafka } from './client.js';
import { type ClientError, translate } from './errors.js';

/** Milliseconds for one seek. */
const SEEK_TIMEOUT_MS = 10_000;
/** A partition that was assigned a moment ago cannot be sought yet: librdkafka has not begun to fetch it. */
const NOT_STARTED: ReadonlySet<number> = new Set([-172 /* ERR__STATE */, -178 /* ERR__PREV_IN_PROGRESS */, -190]);
const TRY_AGAIN_MS = 10;

export class Seeks {
  readonly #consumer: Rdkafka.KafkaConsumer;
  /** The last one asked for of each partition. */
  readonly #asked = new Map<string, TopicPartitionOffset>();

  constructor(consumer: Rdkafka.KafkaConsumer) {
    this.#consumer = consumer;
  }

  /** Whether there is anything to do. */
  get waiting(): boolean {
    return this.#asked.size > 0;
  }

  add(partition: TopicPartitionOffset): void {
    this.#asked.set(partitionName(partition), partition);
  }

  /**
   * Does what was asked for. Nothing may be fetched meanwhile: the batch would jump.
   *
   * @param begin called before each; a seek for which it says no, because the partition went, is left out
   * @throws BrokerError when a partition cannot be sought
   */
  async workOff(begin: (partition: TopicPartitionOffset) => boolean): Promise<void> {
    for (const [name, partition] of this.#asked) {
      if (begin(partition)) await this.#seek(partition);
      // Only now: after an error the next poll must try again rather than read on from the old place.
      this.#asked.delete(name);
    }
  }

  async #seek(target: TopicPartitionOffset): Promise<void> {
    const deadline = Date.now() + SEEK_TIMEOUT_MS;
    for (;;) {
      const error = await new Promise<ClientError | undefined>((resolve) => {
        this.#consumer.seek(target, SEEK_TIMEOUT_MS, resolve);
      });
      if (!error) return;
      if (!NOT_STARTED.has(error.code ?? 0) || Date.now() > deadline) {
        throw translate(error, `Seeking ${partitionName(target)} to offset ${target.offset}`);
      }
      await wait(TRY_AGAIN_MS);
    }
  }
}
