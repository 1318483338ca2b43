import { rm } from 'node:fs/promises';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import { compact } from './compaction.js';
import type { Journal, JournalEntry } from './journal.js';
import type { PartitionLog } from './partition-log.js';
import { segmentPath } from './segment.js';
import type { Topic } from './topics.js';
import type { Flush } from './write-cycle.js';

/** Less than this is not worth a compaction, whatever share of the log it is. */
const MIN_DIRTY_BYTES = 1024 * 1024;

interface Cleaned {
  readonly topic: Topic;
  readonly log: PartitionLog;
  readonly unlisten: () => void;
  compactedTo: number;
  queued: boolean;
}

/**
 * Keeps logs from growing for ever, in the background: compacts those that are due, and drops what is past its
 * retention. One log at a time.
 *
 * Retention goes by the time of appending, not by the records' timestamps: a replay of last year's events would
 * otherwise be deleted while it is written.
 */
export class Cleaner {
  readonly #clock: Clock;
  readonly #flush: Flush;
  readonly #journal: Journal;
  readonly #logs = new Map<PartitionLog, Cleaned>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(clock: Clock, flush: Flush, journal: Journal) {
    this.#clock = clock;
    this.#flush = flush;
    this.#journal = journal;
  }

  /** Takes a topic's logs into its care. `compactedTo` says how far each was compacted before. */
  watch(topic: Topic, compactedTo: (partition: number) => number): void {
    for (const log of topic.logs) {
      const cleaned: Cleaned = {
        topic,
        log,
        unlisten: log.listen(() => this.#consider(cleaned)),
        compactedTo: compactedTo(log.partition),
        queued: false,
      };
      this.#logs.set(log, cleaned);
      this.#closeIfStale(cleaned);
      this.#consider(cleaned);
    }
  }

  /** Resolves once nothing works on the topic's logs any more. They are marked as deleted. */
  async forget(topic: Topic): Promise<void> {
    for (const log of topic.logs) {
      this.#logs.get(log)?.unlisten();
      this.#logs.delete(log);
    }
    await this.#work;
  }

  /** Compacts a topic now. */
  async compactNow(topic: Topic): Promise<void> {
    for (const log of topic.logs) {
      const cleaned = this.#logs.get(log);
      if (cleaned !== undefined) await this.#inTurn(() => this.#compact(cleaned));
    }
  }

  /** How far every log is compacted, for the journal. */
  *snapshot(): Iterable<JournalEntry> {
    for (const { topic, log, compactedTo } of this.#logs.values()) {
      if (compactedTo > 0) {
        yield { kind: 'compacted', topic: topic.entry.id, partition: log.partition, offset: compactedTo };
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  #consider(cleaned: Cleaned): void {
    if (cleaned.queued || this.#closed || cleaned.log.deleted) return;
    const compactionDue = this.#isDue(cleaned);
    if (!compactionDue && this.#expired(cleaned) === 0) return;
    cleaned.queued = true;
    const cleaning = this.#inTurn(async () => {
      await this.#expire(cleaned);
      if (compactionDue) await this.#compact(cleaned);
    });
    cleaning.then(
      () => {
        cleaned.queued = false;
      },
      (thrown: unknown) => {
        // It stays queued, so that a full disk is not met again with every record; opening the broker tries anew.
        const { topic, partition } = cleaned.log;
        process.emitWarning(`Cleaning ${topic}-${partition} failed: ${asError(thrown).message}`, 'MillraceWarning');
      },
    );
  }

  #isDue({ topic, log, compactedTo }: Cleaned): boolean {
    if (!topic.config.compacted) return false;
    const dirty = log.bytesFrom(compactedTo);
    return dirty >= MIN_DIRTY_BYTES && dirty >= log.bytesFrom(0) * topic.config.minCleanableDirtyRatio;
  }

  async #compact(cleaned: Cleaned): Promise<void> {
    const { topic, log } = cleaned;
    if (this.#closed || log.deleted || !topic.config.compacted) return;
    const compactedTo = await compact(log, {
      clock: this.#clock,
      flush: this.#flush,
      segmentBytes: topic.config.segmentBytes,
      deleteRetentionMs: topic.config.deleteRetentionMs,
      compactedTo: cleaned.compactedTo,
      cancelled: () => this.#closed || log.deleted,
    });
    if (compactedTo === cleaned.compactedTo) return;
    const entry = { kind: 'compacted', topic: topic.entry.id, partition: log.partition, offset: compactedTo } as const;
    await this.#journal.append(entry, () => {
      cleaned.compactedTo = compactedTo;
    });
  }

  /** Only whole segments are dropped: one that is written to no more must be closed to go. */
  #closeIfStale({ topic: { config }, log }: Cleaned): void {
    const last = log.segments.at(-1)!;
    if (config.deletes && last.bytes > 0 && last.appendedAt < this.#clock.now() - config.retentionMs) log.roll();
  }

  /** How many of the first segments are past their retention. The last segment and what is undecided always stay. */
  #expired({ topic: { config }, log }: Cleaned): number {
    if (!config.deletes) return 0;
    const before = this.#clock.now() - config.retentionMs;
    let bytes = config.retentionBytes === Number.POSITIVE_INFINITY ? 0 : log.bytesFrom(0);
    let count = 0;
    for (const segment of log.segments.slice(0, -1)) {
      const old = segment.appendedAt < before;
      if ((!old && bytes - segment.bytes < config.retentionBytes) || segment.nextOffset > log.lastStableOffset) break;
      bytes -= segment.bytes;
      count += 1;
    }
    return count;
  }

  async #expire(cleaned: Cleaned): Promise<void> {
    const { log } = cleaned;
    if (this.#closed || log.deleted) return;
    const expired = log.segments.slice(0, this.#expired(cleaned));
    if (expired.length === 0) return;
    // The files go first and the oldest before the others: a crash leaves a log that only begins later.
    if (log.directory !== undefined) {
      for (const segment of expired) await rm(segmentPath(log.directory, segment.baseOffset));
    }
    await log.replace(expired, []);
    log.transactions.forgetAbortedBefore(log.start);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => {
      // Whoever asked has the error; the next one only waits for the end.
    });
    return turn;
  }
}
