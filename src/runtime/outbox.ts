/**
 * Finished units on their way to the producer, in the order in which they finished.
 *
 * While a commit or flush is under way nothing may be produced (the client refuses it, and a flush would never end):
 * finished units wait here and calls to models run on. What the outbox has handed over is the committable prefix.
 *
 * O1. A unit is committed whole: one whose outputs are partly with the producer (its queue was full in between) is
 *     completed before a commit begins, and one that cannot be completed makes a commit impossible.
 */
import type { Producer } from '../brokers/port.js';
import type { Clock, Timer } from '../clock.js';
import { BrokerError } from '../errors.js';
import { HeadQueue } from '../head-queue.js';
import { NO_HEADERS } from '../record.js';
import type { Task } from './task.js';
import type { Output, Unit } from './unit.js';

interface Waiting {
  readonly unit: Unit;
  readonly task: Task;
  readonly outputs: readonly Output[];
  /** Outputs and changes that are handed over; the producer's queue may fill up in between. */
  done: number;
}

/** What the outbox needs of the application. */
export interface OutboxPort {
  readonly clock: Clock;
  /** Called before the first output after a commit: a transaction may have to begin. */
  beforeProduce(): void;
  changelogTopic(task: Task, store: string): string | undefined;
  /** Everything of the unit is with the producer. */
  produced(unit: Unit, task: Task): void;
  /** The producer refused; nothing more is handed over until `clear`. */
  failed(error: BrokerError): void;
}

/** Milliseconds until a full producer queue is tried again. */
const QUEUE_FULL_RETRY_MS = 5;

export class Outbox {
  readonly #producer: Producer;
  readonly #port: OutboxPort;
  #waiting = new HeadQueue<Waiting>();
  #bytes = 0;
  #held = false;
  #retry: Timer | undefined;
  #refusal: BrokerError | undefined;
  #whenWhole: (() => void) | undefined;

  constructor(producer: Producer, port: OutboxPort) {
    this.#producer = producer;
    this.#port = port;
  }

  /** Finished units that are not handed over. They count as in flight. */
  get size(): number {
    return this.#waiting.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(unit: Unit, task: Task): void {
    this.#waiting.push({ unit, task, outputs: unit.orderedOutputs(), done: 0 });
    this.#bytes += unit.bytes;
    this.#handOver();
  }

  /**
   * Nothing is produced until `release`, but for the rest of a unit that is partly produced.
   *
   * @returns resolves when no unit is partly produced
   * @throws BrokerError (rejects) when one is, and the producer has refused the rest of it
   */
  async hold(): Promise<void> {
    this.#held = true;
    while (this.#begun && this.#refusal === undefined) {
      await new Promise<void>((resolve) => {
        this.#whenWhole = resolve;
      });
    }
    if (this.#begun && this.#refusal !== undefined) throw this.#refusal;
  }

  release(): void {
    this.#held = false;
    this.#handOver();
  }

  /** The first unit is partly with the producer. */
  get #begun(): boolean {
    return (this.#waiting.first?.done ?? 0) > 0;
  }

  #tellWhole(): void {
    const tell = this.#whenWhole;
    this.#whenWhole = undefined;
    tell?.();
  }

  /** A full queue is being waited out. */
  get #waitsForQueue(): boolean {
    return this.#retry !== undefined;
  }

  /** Drops what is not handed over of a task; what is partly handed over stays, to be completed. */
  drop(task: Task): void {
    this.#keep(this.#waiting.from(0).filter((waiting) => waiting.task !== task || waiting.done > 0));
  }

  /** Drops everything. What is partly handed over must not be committed after that. */
  clear(): void {
    this.#refusal = undefined;
    this.#keep([]);
  }

  #keep(kept: Waiting[]): void {
    this.#waiting = new HeadQueue(kept);
    this.#bytes = kept.reduce((sum, { unit }) => sum + unit.bytes, 0);
    if (!this.#begun) this.#tellWhole();
  }

  close(): void {
    this.#held = true;
    this.#retry?.cancel();
  }

  #handOver(): void {
    if (this.#refusal !== undefined) return;
    while ((!this.#held || this.#begun) && !this.#waitsForQueue && this.#waiting.size > 0) {
      const waiting = this.#waiting.first!;
      try {
        this.#produceAll(waiting);
      } catch (thrown) {
        if (!(thrown instanceof BrokerError)) throw thrown;
        this.#refused(thrown);
        return;
      }
      this.#waiting.shift();
      this.#bytes -= waiting.unit.bytes;
      this.#port.produced(waiting.unit, waiting.task);
      this.#tellWhole();
    }
  }

  /** Changes first, then outputs; goes on where a full queue stopped it. */
  #produceAll(waiting: Waiting): void {
    const { unit, task, outputs } = waiting;
    const { changes } = unit;
    while (waiting.done < changes.length + outputs.length) {
      this.#port.beforeProduce();
      if (waiting.done < changes.length) {
        const { store, change } = changes[waiting.done]!;
        const topic = this.#port.changelogTopic(task, store);
        if (topic !== undefined) {
          this.#producer.produce({
            topic,
            partition: task.partition,
            key: change.key,
            value: change.value,
            timestamp: unit.raw?.timestamp ?? this.#port.clock.now(),
            headers: NO_HEADERS,
          });
        }
      } else {
        this.#producer.produce(outputs[waiting.done - changes.length]!.request);
      }
      waiting.done += 1;
    }
  }

  #refused(error: BrokerError): void {
    if (error.code === 'QUEUE_FULL') {
      this.#retry = this.#port.clock.after(QUEUE_FULL_RETRY_MS, () => {
        this.#retry = undefined;
        this.#handOver();
      });
      return;
    }
    this.#refusal = error;
    this.#tellWhole();
    this.#port.failed(error);
  }
}
