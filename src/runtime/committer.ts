/**
 * Commits: offsets, outputs and state of all tasks of a process, together.
 *
 * Numbers as in task.ts:
 *  1. No offset is committed before everything derived from it is acknowledged and its state changes are in the
 *     changelog: `at_least_once` flushes, then commits; under `exactly_once_v2` all of it is one transaction.
 *  3. A commit never waits for a model: it takes what the outbox has handed over, and calls run on meanwhile.
 *  4. A memory and the output it belongs to are in the same transaction.
 *  6. State reaches the disk after the broker's commit, with the changelog position that it stands for.
 *
 * From the start of a commit to its end the outbox is held: the client refuses to produce during
 * `commitTransaction`, and a flush would never end.
 *
 * A commit that failed is followed by an abort, never by another commit: the client reports a delivery that failed
 * once, so a second try would find nothing wrong and commit past what was lost.
 */
import type { Consumer, Producer } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import { BrokerError, isRetriable } from '../errors.js';
import type { Outbox } from './outbox.js';
import type { Progress, TaskProgress } from './progress.js';
import { type Patience, retrying } from './retry.js';
import type { Task } from './task.js';

export type ProcessingGuarantee = 'at_least_once' | 'exactly_once_v2';

/** What a commit did, for the metrics. */
export interface CommitListener {
  /**
   * @param latencyMs milliseconds from the start of the commit until the broker had it
   * @param endToEndMs milliseconds from the timestamp of a record until the broker had all that came of it: of the first
   *   and of the last record of each task in this commit
   */
  committed(latencyMs: number, endToEndMs: readonly number[]): void;
}

const CALL_TIMEOUT_MS = 30_000;

type Taken = ReadonlyMap<Task, TaskProgress>;

/** How one guarantee commits at the broker. */
interface Protocol {
  /** Before the first output after a commit. */
  beforeProduce(): void;
  commit(taken: Taken): Promise<void>;
  /** What was produced since the last commit is void, as far as the broker can make it so. */
  abort(): Promise<void>;
}

export class Committer {
  readonly #protocol: Protocol;
  readonly #outbox: Outbox;
  readonly #progress: Progress;
  readonly #clock: Clock;
  readonly #listener: CommitListener;
  #running: Promise<void> | undefined;
  #applying: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(
    guarantee: ProcessingGuarantee,
    producer: Producer,
    consumer: Consumer,
    outbox: Outbox,
    progress: Progress,
    clock: Clock,
    listener: CommitListener,
    patience: Patience,
  ) {
    this.#protocol =
      guarantee === 'exactly_once_v2'
        ? new Transactions(producer, consumer, patience)
        : new Flushes(producer, consumer, patience);
    this.#outbox = outbox;
    this.#progress = progress;
    this.#clock = clock;
    this.#listener = listener;
  }

  beforeProduce(): void {
    this.#protocol.beforeProduce();
  }

  get underWay(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Commits what has been handed over when it is called. One commit at a time: a second caller gets a commit that
   * begins after the first.
   *
   * @throws BrokerError when the broker refuses, and from then on until `abort`; nothing of it is committed to the
   *   stores then
   */
  async commit(): Promise<void> {
    await this.idle();
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#running = this.#commit();
    try {
      await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Waits until state that the broker has committed is on disk. */
  async applied(): Promise<void> {
    await this.#applying;
  }

  /** Waits for the commit under way, however it ends. Until then its tasks and stores must stay as they are. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(ignoreHere);
  }

  /**
   * Aborts what was handed over since the last commit, and holds the outbox. The caller sets the tasks back, clears
   * the outbox and releases it.
   */
  async abort(): Promise<void> {
    await this.idle();
    // What finishes meanwhile must not be produced into the transaction that is being aborted.
    this.#outbox.clear();
    await this.#outbox.hold();
    await this.#protocol.abort();
    this.#failure = undefined;
  }

  async #commit(): Promise<void> {
    await this.#applying;
    if (!this.#progress.any) return;
    const outbox = this.#outbox;
    await outbox.hold();
    const taken = this.#progress.take();
    const startedAt = this.#clock.now();
    for (const [task, { sequence }] of taken) for (const store of task.stores) store.takeUpTo(sequence);
    try {
      await this.#protocol.commit(taken);
    } catch (error) {
      for (const task of taken.keys()) for (const store of task.stores) store.reverted();
      // The outbox stays held: what happens next is for the worker to decide.
      this.#failure = { error };
      throw error;
    }
    this.#progress.committed(taken);
    const now = this.#clock.now();
    this.#listener.committed(now - startedAt, endToEnd(taken, now));
    this.#applying = this.#apply(taken);
    // Who needs the result awaits #applying; without this line a failure nobody awaits yet would end the process.
    this.#applying.catch(ignoreHere);
    outbox.release();
  }

  async #apply(taken: Taken): Promise<void> {
    const applying: Promise<void>[] = [];
    for (const [task, { positions }] of taken) {
      for (const store of task.stores) applying.push(store.committed(positions.get(store.declaration.name) ?? 0));
    }
    await Promise.all(applying);
  }
}

/**
 * `at_least_once`: flush, then commit. A flush that fails is not tried again: what it was told of is not delivered, and
 * is read and written again.
 */
class Flushes implements Protocol {
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  readonly #patience: Patience;

  constructor(producer: Producer, consumer: Consumer, patience: Patience) {
    this.#producer = producer;
    this.#consumer = consumer;
    this.#patience = patience;
  }

  beforeProduce(): void {
    // An idempotent producer needs no beginning.
  }

  async commit(taken: Taken): Promise<void> {
    await this.#producer.flush(CALL_TIMEOUT_MS).catch((thrown: unknown) => {
      throw isRetriable(thrown) ? toBeAborted(thrown) : thrown;
    });
    const offsets = [...taken.values()].flatMap((progress) => progress.offsets);
    if (offsets.length > 0) await retrying(this.#patience, () => this.#consumer.commit(offsets));
  }

  async abort(): Promise<void> {
    // What is out is out: it is written again, which this guarantee allows.
  }
}

/** `exactly_once_v2`: offsets, outputs and changelogs of the process in one transaction. */
class Transactions implements Protocol {
  readonly #producer: Producer;
  readonly #consumer: Consumer;
  readonly #patience: Patience;
  #open = false;

  constructor(producer: Producer, consumer: Consumer, patience: Patience) {
    this.#producer = producer;
    this.#consumer = consumer;
    this.#patience = patience;
  }

  beforeProduce(): void {
    if (this.#open) return;
    this.#producer.beginTransaction();
    this.#open = true;
  }

  async commit(taken: Taken): Promise<void> {
    // Records that were all filtered leave only offsets to commit: they too go through a transaction.
    this.beforeProduce();
    const offsets = [...taken.values()].flatMap((progress) => progress.offsets);
    if (offsets.length > 0) await retrying(this.#patience, () => this.#producer.sendOffsets(offsets, this.#consumer));
    await retrying(this.#patience, () => this.#producer.commitTransaction(CALL_TIMEOUT_MS));
    this.#open = false;
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    await retrying(this.#patience, () => this.#producer.abortTransaction(CALL_TIMEOUT_MS));
    this.#open = false;
  }
}

function endToEnd(taken: Taken, now: number): readonly number[] {
  const times: number[] = [];
  for (const { oldest, newest } of taken.values()) {
    // Whoever wrote the record may have a clock that is ahead of ours.
    if (oldest !== undefined && newest !== undefined) times.push(Math.max(0, now - oldest), Math.max(0, now - newest));
  }
  return times;
}

function toBeAborted(cause: BrokerError): BrokerError {
  const message = `Not everything was acknowledged; what is not committed is read and written again: ${cause.message}`;
  return new BrokerError(message, 'abort', cause.code, { cause });
}

function ignoreHere(): void {
  // The caller that started the commit is told.
}
