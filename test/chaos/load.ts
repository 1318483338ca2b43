import { setTimeout as wait } from 'node:timers/promises';
import type { Broker, Producer } from '../../src/brokers/port.js';
import { BrokerError } from '../../src/errors.js';
import type { ChangeRecord } from './changes.js';

const EVERY_MS = 20;
const FLUSH_MS = 120_000;

/** Writes records at a steady rate, whatever happens to the broker, until it is stopped. */
export class Load {
  readonly #producer: Producer;
  readonly #running: Promise<void>;
  /** Where it stops; known once it is asked to. */
  #end = Number.POSITIVE_INFINITY;
  #written = 0;

  private constructor(producer: Producer, topic: string, records: Iterator<ChangeRecord>, perSecond: number) {
    this.#producer = producer;
    this.#running = this.#run(topic, records, perSecond);
    // Who stops the load hears of a failure.
    this.#running.catch(() => {});
  }

  static async start(broker: Broker, topic: string, records: Iterator<ChangeRecord>, perSecond: number): Promise<Load> {
    return new Load(await broker.producer({}), topic, records, perSecond);
  }

  get written(): number {
    return this.#written;
  }

  /**
   * Stops, and waits until the broker has all of it.
   *
   * @param least so many records are written first, at the same rate
   * @returns how many were written
   */
  async stop(least: number): Promise<number> {
    this.#end = Math.max(least, this.#written);
    try {
      await this.#running;
      await this.#producer.flush(FLUSH_MS);
      return this.#written;
    } finally {
      await this.#producer.close();
    }
  }

  async #run(topic: string, records: Iterator<ChangeRecord>, perSecond: number): Promise<void> {
    const startedAt = performance.now();
    while (this.#written < this.#end) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
      while (this.#written < Math.min(due, this.#end)) {
        await this.#write(topic, records.next().value as ChangeRecord);
        this.#written += 1;
      }
      await wait(EVERY_MS);
    }
  }

  async #write(topic: string, record: ChangeRecord): Promise<void> {
    while (true) {
      try {
        this.#producer.produce({ ...record, topic, partition: undefined });
        return;
      } catch (thrown) {
        if (!(thrown instanceof BrokerError) || thrown.code !== 'QUEUE_FULL') throw thrown;
        await wait(EVERY_MS);
      }
    }
  }
}
