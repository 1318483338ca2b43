/**
 * The worker: reads, feeds its tasks, commits, and gives partitions up. One for each process, as a process has one
 * consumer and one producer.
 *
 * Numbers as in task.ts:
 *  5. Revoked is not lost. A rebalance waits its turn: what is in flight finishes or is dropped, then a commit (or an
 *     abort and a rewind), all within one deadline, and then the partitions go. Lost ones drop all that is uncommitted.
 *  7. What is in flight is bounded; backpressure is to stop asking the consumer. Before half of
 *     `max.poll.interval.ms` has passed the partitions are paused and polling goes on, so that a long outage of a
 *     model causes no rebalance.
 *  8. `fail` commits the prefix before the record, and stops.
 * 10. `drain` finishes what is in flight within a deadline and commits; `stop` drops it. Both are safe.
 */
import { partitionName } from '../brokers/partition-name.js';
import type {
  ClientStatistics,
  ConsumedRecord,
  Consumer,
  Producer,
  RebalanceListener,
  TopicPartition,
} from '../brokers/port.js';
import { delay, type Timer } from '../clock.js';
import { asError, BrokerError, isRetriable, type RecordError } from '../errors.js';
import { type Countable, noEvents } from '../operators/operator.js';
import { Capacity } from './capacity.js';
import { Committer } from './committer.js';
import { Outbox } from './outbox.js';
import { byTimestamp, type OwnedTask } from './owned-task.js';
import { Pace } from './pace.js';
import { Progress, type Traffic } from './progress.js';
import type { Patience } from './retry.js';
import { Signal } from './signal.js';
import type { Counts } from './tally.js';
import type { Task, TaskPort } from './task.js';
import { TaskSet } from './task-set.js';
import type { Unit } from './unit.js';
import type { WorkerSettings } from './worker-settings.js';

/** Longest wait of one poll, milliseconds: how soon `drain` and `stop` are noticed. */
const POLL_MS = 100;
/** A poll that has waited so long (ms) says that nothing more is there: what is finished is committed at once. */
const IDLE_MS = 1;
const BROKER_RETRY_MS = 200;
/** How long `drain` tries to commit what was finished by its deadline, milliseconds. */
const LAST_COMMIT_MS = 5_000;

/** The code of the error that tells that the group has taken partitions away. */
export const ASSIGNMENT_LOST = 'ASSIGNMENT_LOST';

type Phase = 'running' | 'draining' | 'stopping' | 'ended';

export class Worker implements RebalanceListener {
  readonly #settings: WorkerSettings;
  readonly #consumer: Consumer;
  readonly #producer: Producer;
  readonly #outbox: Outbox;
  readonly #progress = new Progress();
  readonly #committer: Committer;
  readonly #capacity: Capacity;
  readonly #pace: Pace | undefined;
  readonly #tasks: TaskSet;
  readonly #events = noEvents();
  /** Told whenever records finish, and when the worker is to end or to start over. */
  readonly #moved = new Signal();
  #phase: Phase = 'running';
  #failure: Error | undefined;
  #rewind = false;
  #paused = false;
  #lastPoll: number;
  #pollingSince: number | undefined;
  #idleCheck = false;
  #givingUp: Timer | undefined;
  #loop: Promise<void> = Promise.resolve();

  /** @param member what proves the membership to the producer, where `consumer` is not it itself */
  constructor(settings: WorkerSettings, consumer: Consumer, producer: Producer, member = consumer) {
    const { clock } = settings;
    const patience: Patience = {
      clock,
      over: () => this.#phase === 'stopping' || this.#phase === 'ended',
      again: (error) => settings.listener.retrying(error),
    };
    this.#settings = settings;
    this.#consumer = consumer;
    this.#producer = producer;
    this.#lastPoll = clock.now();
    this.#outbox = new Outbox(producer, {
      clock,
      beforeProduce: () => this.#committer.beforeProduce(),
      changelogTopic: (_task, store) => settings.changelogs.get(store)?.topic,
      produced: (unit, task) => this.#produced(unit, task),
      failed: (error) => this.#brokerFailed(error),
    });
    this.#committer = new Committer(
      settings.guarantee,
      producer,
      member,
      this.#outbox,
      this.#progress,
      clock,
      settings.listener,
      patience,
    );
    this.#capacity = new Capacity(settings.inFlight, () => this.#load());
    this.#pace = settings.recordsPerSecond === undefined ? undefined : new Pace(settings.recordsPerSecond, clock);
    this.#tasks = new TaskSet(settings, consumer, this.#progress, this.#taskPort(), patience);
  }

  /** Joins the group and works until `drain`, `stop` or a failure. */
  start(): void {
    this.#consumer.subscribe([...this.#settings.sourceTopics], this);
    this.#loop = this.#run();
  }

  /** Resolves when the worker has ended; rejects with what made it fail. */
  get ended(): Promise<void> {
    return this.#loop;
  }

  get counts(): Counts {
    return this.#progress.counts;
  }

  get events(): Readonly<Record<Countable, number>> {
    return this.#events;
  }

  /** Records in and out since the start. */
  get traffic(): Traffic {
    return this.#progress.traffic;
  }

  /** The next offset of a partition that is not finished for good; undefined before anything is known of it. */
  finishedUpTo(partition: TopicPartition): number | undefined {
    return this.#tasks.finishedUpTo(partition);
  }

  /** What the client of the consumer measures; undefined where it does not. */
  get clientStatistics(): ClientStatistics | undefined {
    return this.#consumer.statistics?.();
  }

  get tasks(): readonly OwnedTask[] {
    return this.#tasks.all;
  }

  /** The next offset that is read of a partition; undefined before anything was. */
  position(partition: TopicPartition): number | undefined {
    return this.#consumer.position(partition);
  }

  /** Stops reading, finishes what is in flight, commits, leaves the group. */
  drain(): void {
    if (this.#phase === 'running') {
      this.#phase = 'draining';
      // A broker that is away is not waited for without end, as it is while running.
      const { clock, drainDeadlineMs } = this.#settings;
      this.#givingUp = clock.after(drainDeadlineMs + LAST_COMMIT_MS, () => this.stop());
    }
    this.#moved.tell();
  }

  /** Drops what is in flight and leaves the group at once. */
  stop(): void {
    if (this.#phase !== 'ended') this.#phase = 'stopping';
    this.#moved.tell();
  }

  /** Stops processing; membership, timers and what is in flight go on. */
  pause(): void {
    this.#paused = true;
    this.#consumer.pause(this.#tasks.partitions);
  }

  resume(): void {
    this.#paused = false;
    this.#consumer.resume(this.#tasks.runningPartitions);
    this.#moved.tell();
  }

  /** Commits what is finished now; for users who want it sooner than `commit.interval.ms`. */
  async commit(): Promise<void> {
    if (this.#rewind) return;
    try {
      await this.#committer.commit();
    } catch (thrown) {
      this.#brokerFailed(asError(thrown));
      return;
    }
    // A disk that is full is told now, not by the next commit: perhaps there is none for hours.
    this.#committer.applied().catch((thrown: unknown) => this.#fail(asError(thrown)));
  }

  // RebalanceListener: called within `poll`

  async onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.#settings.listener.rebalancing();
    const added = this.#tasks.add(partitions);
    if (this.#paused) this.#consumer.pause(partitions);
    for (const owned of added) {
      owned.ready.then(
        () => this.#ready(owned),
        (thrown) => {
          if (owned.phase !== 'given-up') this.#fail(asError(thrown));
        },
      );
    }
    if (this.#tasks.allRunning) this.#settings.listener.running();
  }

  async onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.#settings.listener.rebalancing();
    const leaving = this.#tasks.emptiedBy(partitions);
    this.#tasks.giveUp(leaving);
    if (this.#phase === 'running' || this.#phase === 'draining') {
      await this.#settle(leaving, this.#settings.revokeDeadlineMs);
      // What is finished and not handed over would get into the transaction after the last commit of its offsets.
      for (const { task } of leaving) this.#outbox.drop(task);
      await this.commit();
      if (this.#rewind) await this.#committer.abort();
    }
    await this.#close(leaving, partitions);
    if (this.#tasks.allRunning) this.#settings.listener.running();
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#settings.listener.retrying(expelled(partitions));
    this.#settings.listener.rebalancing();
    const leaving = this.#tasks.emptiedBy(partitions);
    this.#tasks.giveUp(leaving);
    // What they have in the open transaction must not be committed with the rest.
    this.#rewind = true;
    await this.#committer.idle();
    await this.#close(leaving, partitions);
  }

  async #run(): Promise<void> {
    const ticking = this.#commitRegularly();
    try {
      while (this.#phase === 'running' && this.#failure === undefined) await this.#step();
      if (this.#phase !== 'stopping') await this.#finish();
    } catch (thrown) {
      // Who stops does not wait for a broker that is away: what is not committed is read again.
      if (this.#stopsWithout(thrown)) this.#settings.listener.retrying(brokerError(thrown));
      else this.#failure ??= asError(thrown);
    } finally {
      ticking.cancel();
      this.#givingUp?.cancel();
      await this.#end();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #stopsWithout(thrown: unknown): boolean {
    return this.#phase === 'stopping' && isRetriable(thrown);
  }

  async #step(): Promise<void> {
    if (this.#rewind) await this.#setBack();
    const { room } = this.#capacity;
    if (room === 0) {
      await this.#waitForRoom();
      return;
    }
    const paced = this.#pace?.room ?? room;
    if (paced === 0) {
      await this.#moved.wait(this.#settings.clock, this.#pace!.waitMs);
      return;
    }
    const left = room - this.#processInOrder(room);
    if (left === 0) return;
    const records = await this.#next(Math.min(left, paced, this.#settings.maxPollRecords));
    if (!this.#takesRecords) return;
    this.#pace?.took(records.length);
    this.#feed(records);
    this.#watchBounds();
  }

  /** Stops where the run is bounded. Nothing is hurried at the end: a model may take as long as it would amid records. */
  #watchBounds(): void {
    const arrived = this.#tasks.arrivedAtBound();
    if (arrived.length > 0) this.#consumer.pause(arrived);
    if (this.#load().records === 0 && this.#tasks.boundsReached()) this.drain();
  }

  /** False when what a poll has brought is to be left for later: it is read again from the committed offsets. */
  get #takesRecords(): boolean {
    return this.#phase === 'running' && !this.#rewind && this.#failure === undefined;
  }

  /** The next records, when everything is there that their decoding needs. */
  async #next(max: number): Promise<readonly ConsumedRecord[]> {
    const records = await this.#poll(max);
    const missing = this.#settings.codec.prepare?.(records);
    if (missing === undefined) return records;
    try {
      await missing;
      return records;
    } catch (thrown) {
      await this.#giveBack(records, thrown);
      return [];
    }
  }

  /**
   * What the decoding needs cannot be had now: the records are polled again a little later. So the membership goes on
   * however long that takes, and a partition that leaves takes its records with it.
   */
  async #giveBack(records: readonly ConsumedRecord[], thrown: unknown): Promise<void> {
    if (!isRetriable(thrown)) throw thrown;
    this.#settings.listener.retrying(thrown);
    const given = new Set<string>();
    for (const { topic, partition, offset } of records) {
      const line = partitionName({ topic, partition });
      if (!given.has(line)) this.#consumer.seek({ topic, partition, offset });
      given.add(line);
    }
    await delay(this.#settings.clock, BROKER_RETRY_MS);
  }

  async #poll(max: number): Promise<readonly ConsumedRecord[]> {
    this.#pollingSince = this.#settings.clock.now();
    const idle = this.#settings.clock.after(IDLE_MS, () => this.#commitIfIdle());
    try {
      return await this.#consumer.poll(max, POLL_MS);
    } catch (thrown) {
      await this.#pollFailed(thrown);
      return [];
    } finally {
      idle.cancel();
      this.#pollingSince = undefined;
      this.#lastPoll = this.#settings.clock.now();
    }
  }

  async #pollFailed(thrown: unknown): Promise<void> {
    if (!(thrown instanceof BrokerError) || thrown.kind === 'fatal' || thrown.kind === 'record') throw thrown;
    this.#settings.listener.retrying(thrown);
    if (thrown.kind === 'abort') this.#rewind = true;
    await delay(this.#settings.clock, BROKER_RETRY_MS);
  }

  #feed(records: readonly ConsumedRecord[]): void {
    for (const [owned, batch] of this.#tasks.sort(records)) {
      if (owned.phase === 'restoring') {
        owned.backlog.push(...batch);
        continue;
      }
      if (this.#tasks.ordersByTime(owned)) owned.inputs.add(batch);
      else this.#process(owned, owned.partitions.length > 1 ? byTimestamp(batch) : batch);
    }
  }

  /** In a bounded run: processes what is certain to be the next in time. @returns records */
  #processInOrder(max: number): number {
    if (this.#paused) return 0;
    let processed = 0;
    for (const [owned, records] of this.#tasks.takeInOrder(max)) {
      this.#process(owned, records);
      processed += records.length;
    }
    this.#tasks.keepAbreast();
    return processed;
  }

  #process({ task }: OwnedTask, records: readonly ConsumedRecord[]): void {
    for (const raw of records) {
      if (task.stopped) break;
      this.#progress.readOne(task);
      task.process(raw);
    }
  }

  #ready(owned: OwnedTask): void {
    if (owned.phase !== 'running') return;
    if (!this.#paused) this.#consumer.resume(this.#tasks.unfinished(owned));
    const backlog = owned.backlog.splice(0);
    if (this.#takesRecords) this.#feed(backlog);
    if (this.#tasks.allRunning) this.#settings.listener.running();
  }

  /** Waits until something has moved; in time before the broker takes us for dead, polls with everything paused. */
  async #waitForRoom(): Promise<void> {
    const { clock, maxPollIntervalMs } = this.#settings;
    const pollBy = this.#lastPoll + maxPollIntervalMs / 3;
    if (clock.now() < pollBy) {
      await this.#moved.wait(clock, pollBy - clock.now());
      return;
    }
    this.#consumer.pause(this.#tasks.partitions);
    const records = await this.#next(1);
    if (!this.#takesRecords) return;
    this.#feed(records);
    if (!this.#paused) this.#consumer.resume(this.#tasks.runningPartitions);
  }

  #load(): { readonly records: number; readonly bytes: number } {
    let records = this.#outbox.size;
    let { bytes } = this.#outbox;
    for (const { task, backlog } of this.#tasks.all) {
      records += task.inFlight + backlog.length;
      bytes += task.inFlightBytes;
    }
    return { records, bytes };
  }

  #produced(unit: Unit, task: Task): void {
    this.#progress.handedOver(unit, task);
    this.#moved.tell();
    if (this.#pollingSince !== undefined && this.#settings.clock.now() - this.#pollingSince >= IDLE_MS) {
      this.#commitIfIdle();
    }
  }

  /** Nothing is in flight and nothing more is there: whoever waits for the last record need not wait for the interval. */
  #commitIfIdle(): void {
    if (this.#idleCheck) return;
    this.#idleCheck = true;
    this.#settings.clock.endOfTick(() => {
      this.#idleCheck = false;
      if (this.#progress.any && this.#load().records === 0 && !this.#committer.underWay) void this.commit();
    });
  }

  #commitRegularly(): { cancel(): void } {
    const { clock, commitIntervalMs } = this.#settings;
    let timer = clock.after(commitIntervalMs, tick.bind(this));
    function tick(this: Worker): void {
      timer = clock.after(commitIntervalMs, tick.bind(this));
      if (this.#progress.any && !this.#committer.underWay) void this.commit();
    }
    return { cancel: () => timer.cancel() };
  }

  /** Sets back what an abort can mend; a record that the broker refuses would be refused again. */
  #brokerFailed(error: Error): void {
    if (this.#stopsWithout(error)) return;
    if (error instanceof BrokerError && (error.kind === 'abort' || error.kind === 'fenced') && !refusesRecord(error)) {
      this.#settings.listener.retrying(error);
      this.#rewind = true;
      this.#moved.tell();
      return;
    }
    this.#fail(error);
  }

  /** Aborts what is uncommitted and reads it again, from what the broker says is committed. */
  async #setBack(): Promise<void> {
    await this.#committer.abort();
    for (const { task, backlog, inputs } of this.#tasks.all) {
      task.drop();
      backlog.length = 0;
      inputs.clear();
      this.#progress.reset(task);
    }
    this.#outbox.clear();
    await this.#tasks.seekToCommitted();
    this.#rewind = false;
    this.#outbox.release();
    if (!this.#paused) this.#consumer.resume(this.#tasks.runningPartitions);
  }

  /** Drain, or the end after a `fail`: what can be finished is finished and committed. */
  async #finish(): Promise<void> {
    const deadline = this.#failure === undefined ? this.#settings.drainDeadlineMs : 0;
    await this.#settle(this.#tasks.all, deadline);
    if (this.#rewind || this.#phase === 'stopping') return;
    try {
      await this.#committer.commit();
      await this.#committer.applied();
    } catch (thrown) {
      // Not committed is not lost: the next start reads it again.
      if (!(thrown instanceof BrokerError) || (thrown.kind !== 'abort' && thrown.kind !== 'fenced')) throw thrown;
      this.#settings.listener.retrying(thrown);
    }
  }

  /** Waits until nothing of these tasks is in flight, at most `deadlineMs`. */
  async #settle(owned: readonly OwnedTask[], deadlineMs: number): Promise<void> {
    const { clock } = this.#settings;
    const busy = () =>
      this.#failure === undefined &&
      this.#phase !== 'stopping' &&
      !this.#rewind &&
      (this.#outbox.size > 0 || owned.some(({ task }) => task.inFlight > 0));
    const until = clock.now() + deadlineMs;
    while (busy() && clock.now() < until) await this.#moved.wait(clock, until - clock.now());
    await this.#committer.idle();
    for (const { task } of owned) {
      if (task.inFlight > 0) {
        this.#settings.listener.abandoned(task.id, task.inFlight);
        task.drop();
      }
    }
  }

  async #close(leaving: readonly OwnedTask[], partitions: readonly TopicPartition[]): Promise<void> {
    for (const { task } of leaving) {
      task.close();
      this.#outbox.drop(task);
      this.#progress.forget(task);
    }
    try {
      await this.#committer.applied();
    } finally {
      // What could not be applied is in the changelog; the stores are let go of all the same.
      await this.#tasks.remove(leaving, partitions);
      this.#moved.tell();
    }
  }

  async #end(): Promise<void> {
    if (this.#phase === 'running') this.#phase = 'stopping';
    this.#outbox.close();
    const closing = [
      async () => {
        await this.#committer.abort();
        for (const { task } of this.#tasks.all) this.#progress.reset(task);
      },
      () => this.#consumer.close(),
      () => this.#close(this.#tasks.all, this.#tasks.partitions),
      () => this.#producer.close(),
    ];
    for (const close of closing) {
      try {
        await close();
      } catch (thrown) {
        // A client that failed may not close cleanly; what made the worker fail is told first.
        if (this.#failure === undefined) this.#settings.listener.retrying(brokerError(thrown));
      }
    }
    this.#phase = 'ended';
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#moved.tell();
  }

  #taskPort(): TaskPort {
    const { clock, oracle, handler, deadLetter, listener, tracer } = this.#settings;
    const handOver = (unit: Unit, task: Task) => this.#outbox.add(unit, task);
    const traced = (unit: Unit, task: Task) => {
      tracer?.finished(unit);
      handOver(unit, task);
    };
    return {
      clock,
      oracle,
      handler,
      deadLetter,
      finished: tracer === undefined ? handOver : traced,
      stopped: (error: RecordError) => this.#fail(error),
      count: (what) => {
        this.#events[what] += 1;
      },
      retrying: (error) => listener.retrying(brokerError(error)),
      dropped: (error, decision) => listener.dropped(error, decision),
    };
  }
}

/** The broker refuses a record as it is, whether the client says so at once or when the transaction is to be committed. */
function refusesRecord(error: unknown): boolean {
  return error instanceof BrokerError && (error.kind === 'record' || refusesRecord(error.cause));
}

/** Nothing needs to have failed: a process that was stopped for a while hears of it by this alone. */
function expelled(partitions: readonly TopicPartition[]): BrokerError {
  const lost = partitions.map(partitionName).join(', ');
  return new BrokerError(
    `The group has taken ${lost} away: this member was not heard of within session.timeout.ms or max.poll.interval.ms. ` +
      'What was not committed is dropped, and read again by whoever has them now. It joins again.',
    'fenced',
    ASSIGNMENT_LOST,
  );
}

function brokerError(thrown: unknown): BrokerError {
  const error = asError(thrown);
  return error instanceof BrokerError ? error : new BrokerError(error.message, 'fatal', undefined, { cause: error });
}
