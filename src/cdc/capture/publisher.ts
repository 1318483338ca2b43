/**
 * From the log to the broker: what is decoded is published in transactions, each with the position it reaches.
 *
 * Q1. Records are published in the order they came, each with its change: the records of one change are never in two
 *     transactions.
 * Q2. A transaction of the database is in one of the broker, with others if there are many, unless it alone is more
 *     than the queue holds: then it is published in parts, and the position says which part is out.
 * Q3. A batch that the broker did not take is published again, whole; nothing behind it goes first.
 * Q4. Published once (its transaction committed), a position is told to `onPublished`; not before.
 */
import type { ProduceRequest, Producer } from '../../brokers/port.js';
import { type Clock, delay } from '../../clock.js';
import { asError, BrokerError, isRetriable } from '../../errors.js';
import { type CapturePosition, positionRecord, type TransactionPart } from './capture-position.js';

export interface PublisherSettings {
  readonly prefix: string;
  readonly maxRecords: number;
  readonly maxBytes: number;
}

export interface PublisherListener {
  /** Committed by the broker; or passed without a record to publish. */
  onPublished(position: CapturePosition): void;
  /** The broker is away or busy; it is tried again. */
  onRetry(error: BrokerError): void;
  /** The broker refused for good. Nothing more is published. */
  onFailed(error: Error): void;
}

/** Records of the queue that may be published, and the position that they reach. */
interface Cut {
  readonly records: number;
  /** Undefined inside a snapshot, which begins again when it is interrupted. */
  readonly position: CapturePosition | undefined;
}

const CALL_TIMEOUT_MS = 30_000;
const RETRY_MS = 200;

export class Publisher {
  readonly #producer: Producer;
  readonly #settings: PublisherSettings;
  readonly #clock: Clock;
  readonly #listener: PublisherListener;
  #queue: ProduceRequest[] = [];
  #bytes = 0;
  /** The last change of a transaction that is not whole: records before its end, and which part of it that is. */
  #open: { records: number; readonly part: TransactionPart | undefined } | undefined;
  /** After the last whole transaction. */
  #settled: Cut | undefined;
  /** Where the transaction that is not whole begins. */
  #base: CapturePosition | undefined;
  #running: Promise<void> | undefined;
  #scheduled = false;
  #stopped = false;
  readonly #waiting: (() => void)[] = [];

  constructor(producer: Producer, settings: PublisherSettings, clock: Clock, listener: PublisherListener) {
    this.#producer = producer;
    this.#settings = settings;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** What is added next follows this position. */
  follow(position: CapturePosition): void {
    this.#base = position;
  }

  /** Takes the records of one change. `part` ends with it; undefined in a snapshot. */
  add(records: readonly ProduceRequest[], part: TransactionPart | undefined): void {
    for (const record of records) {
      this.#queue.push(record);
      this.#bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    this.#open = { records: this.#queue.length, part };
    if (this.#isFull()) this.#schedule();
  }

  /** A transaction is whole: what was added may be published, and then the log before `position` is done. */
  settle(position: CapturePosition): void {
    this.#open = undefined;
    this.#base = position;
    if (this.#queue.length === 0 && this.#running === undefined) {
      this.#listener.onPublished(position);
      return;
    }
    this.#settled = { records: this.#queue.length, position };
    this.#schedule();
  }

  /** Whether all that was added is published. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#running === undefined;
  }

  /** Undefined while there is room; otherwise resolves when there is again. */
  room(): Promise<void> | undefined {
    if (!this.#isFull() || this.#stopped) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Forgets what is not in whole transactions, and resolves when the rest is published: the log is then read again from
   * the last position.
   */
  async reset(): Promise<void> {
    const whole = this.#settled?.records ?? 0;
    this.#queue.length = whole;
    this.#bytes = this.#queue.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
    this.#open = undefined;
    await this.drained();
  }

  /** Resolves when all whole transactions are published; rejects never: who failed is told by `onFailed`. */
  async drained(): Promise<void> {
    while (this.#settled !== undefined && !this.#stopped) {
      await (this.#running ?? new Promise<void>((resolve) => this.#clock.endOfTick(resolve)));
    }
    await this.#running;
  }

  /** Publishes no further batch; resolves when the running one is done or given up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#release();
    await this.#running;
  }

  #isFull(): boolean {
    return this.#queue.length >= this.#settings.maxRecords || this.#bytes >= this.#settings.maxBytes;
  }

  /** What is read at once from the database is published at once: the end of the tick is after the last of it. */
  #schedule(): void {
    if (this.#scheduled || this.#running !== undefined || this.#stopped) return;
    this.#scheduled = true;
    this.#clock.endOfTick(() => {
      this.#scheduled = false;
      if (this.#running !== undefined) return;
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        this.#release();
        // What came while it was ending found it running, and relied on it.
        if (this.#cut() !== undefined) this.#schedule();
      });
    });
  }

  async #run(): Promise<void> {
    try {
      for (let batch = this.#next(); batch !== undefined && !this.#stopped; batch = this.#next()) {
        if (!(await this.#publish(batch.records, batch.position))) return;
        if (batch.position !== undefined) this.#listener.onPublished(batch.position);
        this.#release();
      }
    } catch (error) {
      // While stopping it is left to the next start, which asks the broker for the last position.
      if (this.#stopped) return;
      this.#stopped = true;
      this.#listener.onFailed(asError(error));
    }
  }

  #next(): { records: readonly ProduceRequest[]; position: CapturePosition | undefined } | undefined {
    const cut = this.#cut();
    if (cut === undefined) return undefined;
    const records = this.#queue;
    this.#queue = records.splice(cut.records);
    this.#bytes = this.#queue.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
    this.#settled = undefined;
    if (this.#open !== undefined) {
      this.#open.records -= cut.records;
      if (this.#open.records === 0) this.#open = undefined;
    }
    return { records, position: cut.position };
  }

  /** Up to where the queue may be published now (Q2). */
  #cut(): Cut | undefined {
    if (this.#settled !== undefined) return this.#settled;
    if (this.#open === undefined || !this.#isFull()) return undefined;
    const { records, part } = this.#open;
    return { records, position: this.#base && part && { ...this.#base, partial: part } };
  }

  #release(): void {
    if (this.#isFull() && !this.#stopped) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** @returns false when it was given up because of `stop` */
  async #publish(records: readonly ProduceRequest[], position: CapturePosition | undefined): Promise<boolean> {
    for (;;) {
      try {
        this.#producer.beginTransaction();
        for (const record of records) await this.#produce(record);
        if (position !== undefined) {
          await this.#produce(positionRecord(this.#settings.prefix, position, this.#clock.now()));
        }
        await this.#retrying(() => this.#producer.commitTransaction(CALL_TIMEOUT_MS));
        return true;
      } catch (error) {
        if (!(error instanceof BrokerError) || (error.kind !== 'abort' && error.kind !== 'retriable')) throw error;
        await this.#retrying(() => this.#producer.abortTransaction(CALL_TIMEOUT_MS));
        if (this.#stopped) return false;
        this.#listener.onRetry(error);
        await delay(this.#clock, RETRY_MS);
      }
    }
  }

  /** A full queue of the producer is emptied first. */
  async #produce(record: ProduceRequest): Promise<void> {
    for (;;) {
      try {
        this.#producer.produce(record);
        return;
      } catch (error) {
        if (!(error instanceof BrokerError) || error.code !== 'QUEUE_FULL') throw error;
        await this.#producer.flush(CALL_TIMEOUT_MS);
      }
    }
  }

  /** Whether a commit took effect is known only to the broker: it is asked again, until it says so. */
  async #retrying(call: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        if (!isRetriable(error) || this.#stopped) throw error;
        this.#listener.onRetry(error);
        await delay(this.#clock, RETRY_MS);
      }
    }
  }
}
