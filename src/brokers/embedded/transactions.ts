/**
 * The transaction coordinator.
 *
 *  1. One producer holds a transactional id; who asks for it later fences it, and its open transaction is aborted.
 *  2. A commit is decided by one journal entry, written after every record of the transaction is. From then on it
 *     cannot be undone; the markers that make it visible are written until they are written.
 *  3. Outputs and offsets become visible in one synchronous step.
 *  4. A transaction that is open for longer than its timeout is aborted, and its producer fenced.
 */
import type { Clock, Timer } from '../../clock.js';
import { BrokerError } from '../../errors.js';
import { BatchBuilder, BatchKind } from './batch.js';
import type { GroupOffsets, Journal, JournalEntry } from './journal.js';
import type { OffsetStore } from './offset-store.js';
import type { PartitionLog } from './partition-log.js';
import { deferred } from './waiting.js';

const MARKER_RETRY_MS = 200;

/** What the coordinator asks of the producer that holds a transactional id. */
export interface TransactionOwner {
  readonly transactionTimeoutMs: number;
  /** Another has the id, or the transaction took too long: fail for ever, and drop what is not written yet. */
  fence(error: BrokerError): void;
}

/** A transaction from its beginning to its markers. */
export class Transaction {
  state: 'open' | 'deciding' | 'ending' | 'ended' = 'open';
  readonly logs = new Set<PartitionLog>();
  readonly offsets = new Map<string, Map<string, { topic: string; partition: number; offset: number }>>();
  timer: Timer | undefined;
  /** Nobody will end it but the coordinator. */
  abandoned = false;
  /** Resolves when it has ended. */
  readonly ended = deferred();

  constructor(
    readonly id: number,
    readonly owner: TransactionOwner,
  ) {}

  groupOffsets(): GroupOffsets[] {
    return Array.from(this.offsets, ([group, offsets]) => ({
      group,
      offsets: Array.from(offsets.values(), (each) => [each.topic, each.partition, each.offset] as const),
    }));
  }
}

export class TransactionCoordinator {
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #offsets: OffsetStore;
  readonly #owners = new Map<string, TransactionOwner>();
  readonly #running = new Map<TransactionOwner, Transaction>();
  /** Committed, but without all markers yet: the journal must not forget them. */
  readonly #decided = new Map<Transaction, JournalEntry>();
  #lastId: number;
  #closed = false;

  /** @param lastId the greatest id that any log or the journal knows */
  constructor(clock: Clock, journal: Journal, offsets: OffsetStore, lastId: number) {
    this.#clock = clock;
    this.#journal = journal;
    this.#offsets = offsets;
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Commits that the journal must keep because markers are missing. */
  decided(): Iterable<JournalEntry> {
    return this.#decided.values();
  }

  /** Makes `owner` the one with this id. Resolves when nothing of its predecessor is open. */
  async own(transactionalId: string, owner: TransactionOwner): Promise<void> {
    const older = this.#owners.get(transactionalId);
    this.#owners.set(transactionalId, owner);
    if (older === undefined || older === owner) return;
    await this.#expel(
      older,
      `Another producer has taken the transactional id "${transactionalId}". This one is finished: two of one id must not write.`,
      'PRODUCER_FENCED',
    );
  }

  /** The producer is closed; the id is free. */
  disown(transactionalId: string, owner: TransactionOwner): void {
    if (this.#owners.get(transactionalId) === owner) this.#owners.delete(transactionalId);
  }

  begin(owner: TransactionOwner): Transaction {
    this.#lastId += 1;
    const transaction = new Transaction(this.#lastId, owner);
    this.#running.set(owner, transaction);
    return transaction;
  }

  /** A record of the transaction goes to this log. */
  addLog(transaction: Transaction, log: PartitionLog): void {
    transaction.logs.add(log);
    if (transaction.timer === undefined) this.#startTimer(transaction);
  }

  /** The transaction's time runs from the first thing it does. */
  #startTimer(transaction: Transaction): void {
    transaction.timer = this.#clock.after(transaction.owner.transactionTimeoutMs, () => {
      if (transaction.state !== 'open') return;
      void this.#expel(
        transaction.owner,
        `The transaction was open for more than ${transaction.owner.transactionTimeoutMs} ms, so the broker aborted it. ` +
          'This producer is finished. Commit more often, or raise transactionTimeoutMs.',
        'INVALID_PRODUCER_EPOCH',
      );
    });
  }

  /** Adds a group's offsets to the transaction. */
  addOffsets(
    transaction: Transaction,
    group: string,
    offsets: readonly { topic: string; partition: number; offset: number }[],
  ): void {
    let own = transaction.offsets.get(group);
    if (own === undefined) {
      own = new Map();
      transaction.offsets.set(group, own);
    }
    for (const each of offsets) own.set(`${each.topic}/${each.partition}`, each);
    this.#offsets.hold(transaction.id, transaction.groupOffsets());
    if (transaction.timer === undefined) this.#startTimer(transaction);
  }

  /**
   * Commits. All records of the transaction have been acknowledged.
   *
   * @throws what the journal says when the decision could not be written; the transaction is then still open
   */
  async commit(transaction: Transaction): Promise<void> {
    const offsets = transaction.groupOffsets();
    if (transaction.logs.size === 0 && offsets.length === 0) {
      this.#end(transaction);
      return;
    }
    transaction.state = 'deciding';
    const entry: JournalEntry = { kind: 'commit', transaction: transaction.id, offsets };
    try {
      await this.#journal.append(entry, () => {
        transaction.state = 'ending';
        this.#decided.set(transaction, entry);
        this.#mark(transaction, true);
      });
    } catch (error) {
      transaction.state = 'open';
      if (transaction.abandoned) void this.abort(transaction);
      throw error;
    }
    await transaction.ended.promise;
  }

  /** Aborts. Nothing of the transaction waits to be written any more. */
  async abort(transaction: Transaction): Promise<void> {
    if (transaction.state === 'open') {
      transaction.state = 'ending';
      this.#mark(transaction, false);
    }
    await transaction.ended.promise;
  }

  /**
   * The broker goes. What is undecided will be aborted by recovery, and missing markers are written by it.
   *
   * @param error what those are told who wait for a transaction's end
   */
  close(error: BrokerError): void {
    this.#closed = true;
    for (const { timer, ended } of this.#running.values()) {
      timer?.cancel();
      ended.promise.catch(() => {
        // Mostly nobody waits.
      });
      ended.reject(error);
    }
  }

  async #expel(owner: TransactionOwner, why: string, code: string): Promise<void> {
    owner.fence(new BrokerError(why, 'fatal', code));
    const transaction = this.#running.get(owner);
    if (transaction === undefined) return;
    transaction.abandoned = true;
    if (transaction.state === 'open') await this.abort(transaction);
    else await transaction.ended.promise;
  }

  /** Writes the markers, and again those that could not be written. */
  #mark(transaction: Transaction, committed: boolean): void {
    const logs = [...transaction.logs].filter((log) => log.transactions.isOpen(transaction.id) && !log.deleted);
    let missing = logs.length;
    const one = (): void => {
      missing -= 1;
      if (missing <= 0) this.#end(transaction, committed);
    };
    if (missing === 0) one();
    for (const log of logs) this.#writeMarker(log, transaction.id, committed, one);
  }

  #writeMarker(log: PartitionLog, transaction: number, committed: boolean, done: () => void): void {
    log.enqueue({
      builder: new BatchBuilder(0),
      kind: committed ? BatchKind.commitMarker : BatchKind.abortMarker,
      transaction,
      dropped: false,
      onTaken: () => {},
      onAcknowledged: done,
      onFailed: () => {
        // The decision stands, so this can only be tried again; whoever waits for it has a timeout.
        if (log.deleted) done();
        else if (!this.#closed) {
          this.#clock.after(MARKER_RETRY_MS, () => {
            if (!this.#closed) this.#writeMarker(log, transaction, committed, done);
          });
        }
      },
    });
  }

  #end(transaction: Transaction, committed = true): void {
    transaction.state = 'ended';
    transaction.timer?.cancel();
    if (committed) for (const offsets of transaction.groupOffsets()) this.#offsets.apply(offsets);
    this.#offsets.release(transaction.id);
    this.#decided.delete(transaction);
    if (this.#running.get(transaction.owner) === transaction) this.#running.delete(transaction.owner);
    transaction.ended.resolve();
  }
}
