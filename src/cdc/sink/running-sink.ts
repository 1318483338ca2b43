/**
 * The loop of the table sink: reads topics as a member of a consumer group and keeps a PostgreSQL table the same as
 * each of them.
 *
 *  S1. An offset is committed after the database has committed everything before it. A crash between the two writes
 *      records again, which leaves the same rows.
 *  S2. While the database is away nothing is lost and nothing is skipped: the records wait, the partitions are paused
 *      and the group keeps its member.
 *  S3. A record that cannot be written stops the sink before it, or goes to the dead letters (`errors.tolerance`).
 *      Everything before it is written either way.
 *  S4. Records of a partition that was taken away are not written after that: the next member may be ahead.
 */
import type { Consumer, Producer } from '../../brokers/port.js';
import { delay } from '../../clock.js';
import { asError, BrokerError, isRetriable, type RecordError } from '../../errors.js';
import { awaited } from './awaited.js';
import { DatabaseError } from './database-errors.js';
import { sendDeadLetter } from './dead-letters.js';
import { PendingRecords } from './pending-records.js';
import { RecordDecoder } from './record-decoder.js';
import type { TableSinkSettings } from './sink-config.js';
import type { SinkState, SinkStatus, TableSink, TableSinkParts } from './table-sink.js';
import { TableWriter } from './table-writer.js';

/** How long a poll waits for a first record: also how long `stop` may wait for the poll. */
const POLL_MS = 100;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** How long a statement under way (it may wait for a lock) and a goodbye to the database may take at the end. */
const FINISH_MS = 5_000;
const CLOSE_MS = 2_000;

export class RunningSink implements TableSink {
  readonly ended: Promise<Error | undefined>;
  private end: (reason: Error | undefined) => void = () => undefined;
  private readonly writer: TableWriter;
  private readonly decoder: RecordDecoder;
  private readonly pending = new PendingRecords();
  private consumer: Consumer | undefined;
  private producer: Producer | undefined;
  private loop: Promise<void> | undefined;
  private stopping = false;
  private draining = false;
  /** The last poll found nothing. */
  private caughtUp = false;
  private state: SinkState = 'created';
  private reason: Error | undefined;
  private written = 0;
  private refused = 0;

  constructor(
    private readonly settings: TableSinkSettings,
    private readonly parts: TableSinkParts,
  ) {
    this.writer = new TableWriter(settings, parts.clock);
    this.decoder = new RecordDecoder(parts.serdes);
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  async start(): Promise<void> {
    if (this.state !== 'created') throw new Error('This table sink was started before; make another one.');
    const { broker } = this.parts;
    const consumer = await broker.consumer({
      groupId: `connect-${this.settings.name}`,
      offsetReset: 'earliest',
      isolation: 'read_committed',
    });
    if (this.settings['errors.deadletterqueue.topic.name'] !== undefined) this.producer = await broker.producer({});
    consumer.subscribe(this.settings.topics, {
      onAssigned: async () => undefined,
      onRevoked: async (partitions) => {
        await this.commit(consumer);
        this.pending.drop(partitions);
      },
      onLost: async (partitions) => this.pending.drop(partitions),
    });
    this.consumer = consumer;
    this.enter('running');
    this.loop = this.run(consumer);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.loop === undefined) {
      this.enter('stopped');
      this.end(undefined);
      return;
    }
    const giveUp = this.parts.clock.after(FINISH_MS, () => this.writer.lost());
    await this.loop;
    giveUp.cancel();
  }

  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    const deadline = this.parts.clock.after(timeoutMs, () => void this.stop());
    await this.loop;
    deadline.cancel();
    return this.stop();
  }

  async status(): Promise<SinkStatus> {
    const lag = await this.lag();
    const { state, reason, written, refused } = this;
    return { state, reason, written, refused, lag };
  }

  private async run(consumer: Consumer): Promise<void> {
    let failure: Error | undefined;
    try {
      let retryMs = FIRST_RETRY_MS;
      while (!this.stopping) {
        try {
          if (this.pending.empty) await this.poll(consumer);
          await this.writePending();
          await this.commit(consumer);
          this.enter('running');
          retryMs = FIRST_RETRY_MS;
          if (this.draining && this.caughtUp) break;
        } catch (error) {
          if (!isAway(error)) throw error;
          this.writer.lost();
          this.enter('waiting', asError(error));
          await this.waitPaused(consumer, retryMs);
          retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
        }
      }
    } catch (error) {
      failure = asError(error);
    }
    const leaving = await this.leave(consumer);
    failure ??= leaving;
    this.enter(failure === undefined ? 'stopped' : 'failed', failure);
    this.end(failure);
  }

  private async poll(consumer: Consumer): Promise<void> {
    const records = await consumer.poll(this.settings['batch.size'], POLL_MS);
    this.caughtUp = records.length === 0;
    this.pending.add(records);
  }

  /** Waits with the partitions paused, and polls meanwhile: that keeps the membership (S2). */
  private async waitPaused(consumer: Consumer, waitMs: number): Promise<void> {
    for (let left = waitMs; left > 0 && !this.stopping; left -= POLL_MS) {
      consumer.pause(consumer.assignment());
      await delay(this.parts.clock, Math.min(left, POLL_MS));
      try {
        // A rebalance may give partitions that are not paused yet: what they bring waits with the rest.
        this.pending.add(await consumer.poll(this.settings['batch.size'], 0));
      } catch (error) {
        // The broker is away as well: then there is nothing to keep, and the next turn tries both.
        if (!isAway(error)) throw error;
      }
    }
    consumer.resume(consumer.assignment());
  }

  /** Writes what is pending, and deals with the records that are refused (S3). */
  private async writePending(): Promise<void> {
    while (!this.pending.empty) {
      const { records, before, undecodable } = await this.decoder.decode(this.pending.all);
      const { written, refused } = await this.writer.write(records);
      this.pending.finish(before(written));
      this.written += written;
      if (written > 0) this.parts.onWritten?.(records.slice(0, written));
      const error = refused ?? undecodable;
      if (error !== undefined) await this.refuse(error);
    }
  }

  /** The first pending record is the refused one. */
  private async refuse(error: RecordError): Promise<void> {
    const record = this.pending.all[0];
    if (record === undefined || this.settings['errors.tolerance'] === 'none') throw error;
    const deadLetters = this.settings['errors.deadletterqueue.topic.name'];
    if (deadLetters !== undefined && this.producer !== undefined) {
      await sendDeadLetter(this.producer, deadLetters, record, error);
    }
    this.pending.finish(1);
    this.refused++;
    this.parts.onRefused?.(error);
  }

  /** Commits what is finished. What cannot be committed now is committed with the next, or is another member's. */
  private async commit(consumer: Consumer): Promise<void> {
    const offsets = this.pending.uncommitted;
    if (offsets.length === 0) return;
    try {
      await consumer.commit(offsets);
      this.pending.committed(offsets);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      if (error.kind === 'fenced') this.pending.drop(offsets);
      else if (error.kind !== 'retriable') throw error;
    }
  }

  /** Everything is closed, whatever fails; the first failure is told. */
  private async leave(consumer: Consumer): Promise<Error | undefined> {
    this.consumer = undefined;
    let failure: Error | undefined;
    const goodbyes = [
      () => this.commit(consumer),
      () => consumer.close(),
      () => this.producer?.close(),
      () => this.writer.close(CLOSE_MS),
    ];
    for (const goodbye of goodbyes) {
      try {
        await goodbye();
      } catch (error) {
        failure ??= asError(error);
      }
    }
    return failure;
  }

  private async lag(): Promise<number | undefined> {
    const { consumer } = this;
    if (consumer === undefined) return undefined;
    // Offsets alone would not say so: the markers of transactions have offsets too, and are never read.
    if (this.caughtUp && this.pending.empty) return 0;
    try {
      const unread = await Promise.all(
        consumer.assignment().map(async (partition) => {
          const { low, high } = await consumer.watermarks(partition);
          return Math.max(0, high - Math.max(low, consumer.position(partition) ?? low));
        }),
      );
      return unread.reduce((sum, each) => sum + each, this.pending.all.length);
    } catch (error) {
      if (error instanceof BrokerError) return undefined;
      throw error;
    }
  }

  private enter(state: SinkState, reason?: Error): void {
    const before = this.state;
    const isNews = before !== state || awaited(this.reason) !== awaited(reason);
    this.state = state;
    this.reason = reason;
    if (isNews) this.parts.onState?.(state, reason, before);
  }
}

/** The database, the broker or the schema registry is not there now, and may be again. */
function isAway(error: unknown): boolean {
  return isRetriable(error) || (error instanceof DatabaseError && error.kind === 'away');
}
