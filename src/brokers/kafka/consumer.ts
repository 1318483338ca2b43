/**
 * A consumer on librdkafka: the port's `poll` over batches, rebalances, seeks and commits that happen between them.
 *
 * What must hold:
 *  1. Inside `poll`, in this order: rebalances, seeks, then records. So the listener never runs beside a batch that is
 *     still being worked on, and a seek takes effect from the next record on.
 *  2. Only offsets of partitions that this member holds are committed. The broker checks the generation, not who owns a
 *     partition.
 *  3. After a fatal error every call fails with it: librdkafka says it once and then returns empty batches for ever.
 */
import { randomUUID } from 'node:crypto';
import { BrokerError } from '../../errors.js';
import { partitionName } from '../partition-name.js';
import type {
  ClientStatistics,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  RebalanceListener,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTime,
} from '../port.js';
import { type Client, connect, construct, type Rdkafka } from './client.js';
import { Commits } from './commits.js';
import { consumerSettings } from './config.js';
import { type ClientError, ERR_FATAL, translate } from './errors.js';
import { Fetch } from './fetch.js';
import { listenToLog } from './log.js';
import { memberships } from './membership.js';
import { misuse } from './misuse.js';
import { committedOffsets, offsetsForTimes, watermarks } from './offset-queries.js';
import type { KafkaOptions } from './options.js';
import { Partitions } from './partitions.js';
import { questions } from './questions.js';
import { Rebalances } from './rebalance.js';
import { Seeks } from './seeks.js';
import { needsStartOffsets, startOffsets } from './start-offsets.js';
import { LastStatistics } from './statistics.js';
import { firstRecordOf } from './time-search.js';

/** Milliseconds that one question to the client may wait: a rebalance is noticed between two of them. */
const SLICE_MS = 100;
/** The same for a reader of no group: between two of them it is noticed that a partition is read to its end. */
const READER_SLICE_MS = 10;

/**
 * Opens a consumer and waits for the first answer of a broker.
 *
 * @throws BrokerError `retriable` when no broker answers
 * @throws ConfigurationError for a setting that librdkafka refuses
 */
export async function openConsumer(client: Client, options: KafkaOptions, config: ConsumerConfig): Promise<Consumer> {
  const consumer = new KafkaConsumer(client, options, config);
  await consumer.open(options);
  return consumer;
}

class KafkaConsumer implements Consumer {
  readonly #groupId: string | undefined;
  readonly #companions: ReadonlyMap<string, string> | undefined;
  /** Opens a consumer of no group, for a look aside. */
  readonly #openReader: () => Promise<Consumer>;
  readonly #client: Rdkafka.KafkaConsumer;
  readonly #partitions = new Partitions();
  readonly #fetch: Fetch;
  readonly #seeks: Seeks;
  readonly #commits: Commits;
  readonly #rebalances: Rebalances;
  readonly #statistics: LastStatistics;
  readonly #uses = new Set<Promise<unknown>>();
  /** Asked for by `assign`, done by the next poll: a batch may just be on its way from the old assignment. */
  #toAssign: readonly TopicPartitionOffset[] | undefined;
  #fatal: BrokerError | undefined;
  #polling: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(client: Client, options: KafkaOptions, config: ConsumerConfig) {
    const { rdkafka } = client;
    const { isolation } = config;
    this.#openReader = () => openConsumer(client, options, { offsetReset: 'earliest', isolation });
    this.#groupId = config.groupId;
    this.#companions = config.companions;
    const groupId = config.groupId ?? `millrace-reader-${randomUUID()}`;
    const { client: settings, topic } = consumerSettings(options, config, groupId);
    const callbacks =
      config.groupId === undefined
        ? {}
        : {
            rebalance_cb: (error: ClientError, partitions: readonly TopicPartition[]) =>
              this.#rebalances.happened(error, partitions),
            offset_commit_cb: (error: ClientError | undefined) => this.#commits.confirmed(error),
          };
    this.#client = construct(() => new rdkafka.KafkaConsumer({ ...settings, ...callbacks }, topic));
    this.#statistics = new LastStatistics(this.#client);
    this.#fetch = new Fetch(questions(client, this.#client));
    this.#seeks = new Seeks(this.#client);
    this.#commits = new Commits(this.#client, groupId, () => this.#fetch.serve());
    this.#rebalances = new Rebalances(this.#client, this.#partitions, async (partitions) =>
      needsStartOffsets(config.offsetReset) ? startOffsets(this, config.offsetReset, partitions) : partitions,
    );
    listenToLog(this.#client, this.#name('consumer'), options.onLog, ({ facility, message }) => {
      this.#rebalances.readLog(facility, message);
      if (facility === 'FATAL') this.#fail(translate({ message, code: ERR_FATAL }, this.#name('Consuming')));
    });
    memberships.set(this, {
      client: this.#client,
      refusal: (partitions) => this.#refusal(partitions),
      hold: (use) => {
        const held = use.finally(() => this.#uses.delete(held)).catch(() => {}); // the one who uses it gets the error
        this.#uses.add(held);
      },
    });
  }

  open(options: KafkaOptions): Promise<void> {
    return connect(this.#client, 'a consumer', options);
  }

  subscribe(topics: readonly string[], listener: RebalanceListener): void {
    this.#requireGroup('subscribe');
    this.#rebalances.listen(listener);
    this.#asked('Subscribing', () => this.#client.subscribe([...topics]));
  }

  assign(partitions: readonly TopicPartitionOffset[]): void {
    this.#requireOpen('assign');
    this.#toAssign = partitions;
    this.#partitions.clear();
    for (const partition of partitions) this.#partitions.add(partition);
  }

  assignment(): readonly TopicPartition[] {
    return this.#partitions.list();
  }

  async poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]> {
    this.#requireOpen('poll');
    if (this.#closing !== undefined) throw misuse('poll: the consumer is closing');
    if (this.#polling !== undefined) throw misuse('poll() was called while another poll() is under way');
    const polling = this.#poll(max, timeoutMs);
    this.#polling = polling.catch(() => {}); // the one who polls gets the error
    try {
      return await polling;
    } finally {
      this.#polling = undefined;
    }
  }

  async #poll(max: number, timeoutMs: number): Promise<readonly ConsumedRecord[]> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (this.#fatal !== undefined) throw this.#fatal;
      await this.#workOff();
      const held = this.#partitions.takeHeld(max);
      if (held.length > 0) return held;

      const remaining = deadline - performance.now();
      const isReader = this.#groupId === undefined;
      const slice = isReader ? READER_SLICE_MS : SLICE_MS;
      const { records, atEnd } = await this.#fetchRecords(max, Math.max(0, Math.min(slice, Math.ceil(remaining))));
      if (records.length > 0) {
        this.#fetch.ahead(max);
        return records;
      }
      // The position of a reader is at the end now, beyond the last markers: that may be all it waits for.
      if (this.#closing !== undefined || (atEnd && isReader)) return [];
      if (remaining <= 0) {
        await this.#workOff();
        return [];
      }
    }
  }

  async #workOff(): Promise<void> {
    if (!this.#rebalances.waiting && !this.#seeks.waiting && this.#toAssign === undefined) return;
    // What was fetched ahead goes where revoked and sought partitions lose it.
    const ahead = await this.#fetch.drain();
    if (this.#toAssign === undefined) this.#partitions.hold(ahead);
    else this.#assign(this.#toAssign);
    await this.#rebalances.workOff();
    await this.#seeks.workOff((partition) => this.#partitions.seek(partition));
  }

  #assign(partitions: readonly TopicPartitionOffset[]): void {
    this.#asked('Assigning partitions', () => this.#client.assign([...partitions]));
    this.#toAssign = undefined;
    const paused = partitions.filter((partition) => this.#partitions.isPaused(partition));
    const running = partitions.filter((partition) => !this.#partitions.isPaused(partition));
    if (paused.length > 0) this.#asked('Pausing', () => this.#client.pause(paused));
    // To librdkafka a partition that was paused when it went is paused when it comes again.
    if (running.length > 0) this.#asked('Resuming', () => this.#client.resume(running));
  }

  /** @returns the records, and whether a partition has been read to its end */
  async #fetchRecords(
    max: number,
    timeoutMs: number,
  ): Promise<{ readonly records: readonly ConsumedRecord[]; readonly atEnd: boolean }> {
    try {
      const fetched = await this.#fetch.some(max, timeoutMs);
      return { records: this.#partitions.deliver(fetched), atEnd: fetched.ends.length > 0 };
    } catch (thrown) {
      const error = translate(thrown as ClientError, this.#name('Consuming'));
      this.#fail(error);
      throw error;
    }
  }

  position(partition: TopicPartition): number | undefined {
    return this.#partitions.position(partition);
  }

  seek(partition: TopicPartitionOffset): void {
    if (!this.#partitions.has(partition)) {
      throw misuse(`seek() of ${partitionName(partition)}, which is not assigned to this consumer`);
    }
    this.#partitions.seek(partition);
    this.#seeks.add(partition);
  }

  pause(partitions: readonly TopicPartition[]): void {
    if (this.#toAssign === undefined) this.#asked('Pausing', () => this.#client.pause([...partitions]));
    for (const partition of partitions) this.#partitions.setPaused(partition, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (this.#toAssign === undefined) this.#asked('Resuming', () => this.#client.resume([...partitions]));
    for (const partition of partitions) this.#partitions.setPaused(partition, false);
  }

  async commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.#requireGroup('commit');
    const refusal = this.#refusal(offsets);
    if (refusal !== undefined) throw refusal;
    if (offsets.length > 0) await this.#commits.commit(offsets);
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly (number | undefined)[]> {
    const groupId = this.#requireGroup('committed');
    this.#requireOpen('committed');
    return partitions.length === 0 ? [] : committedOffsets(this.#client, partitions, groupId);
  }

  async watermarks(partition: TopicPartition): Promise<{ readonly low: number; readonly high: number }> {
    this.#requireOpen('watermarks');
    return watermarks(this.#client, partition);
  }

  async offsetsForTimes(partitions: readonly TopicPartitionTime[]): Promise<readonly (number | undefined)[]> {
    this.#requireOpen('offsetsForTimes');
    const answers = partitions.length === 0 ? [] : await offsetsForTimes(this.#client, partitions);
    if (answers.every((answer) => answer === undefined)) return answers;
    const reader = await this.#openReader();
    try {
      const offsets: (number | undefined)[] = [];
      for (const [index, partition] of partitions.entries()) {
        const answer = answers[index];
        offsets.push(answer === undefined ? undefined : await firstRecordOf(reader, partition, answer));
      }
      return offsets;
    } finally {
      await reader.close();
    }
  }

  statistics(): ClientStatistics | undefined {
    return this.#statistics.last;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#polling;
    try {
      await this.#rebalances.close();
    } finally {
      await this.#commits.settled();
      await Promise.all(this.#uses);
      await this.#fetch.idle();
      await new Promise<void>((resolve) => void this.#client.disconnect(() => resolve()));
    }
  }

  #fail(error: BrokerError): void {
    if (error.kind !== 'fatal') return;
    this.#fatal ??= error;
    this.#rebalances.loseAll();
  }

  #refusal(partitions: readonly TopicPartition[]): BrokerError | undefined {
    if (this.#fatal !== undefined) return this.#fatal;
    const foreign = partitions.find((each) => {
      const held = { ...each, topic: this.#companions?.get(each.topic) ?? each.topic };
      return !this.#partitions.has(held) || this.#rebalances.isLost(held);
    });
    if (foreign === undefined) return undefined;
    return new BrokerError(
      `${this.#name('Committing offsets')} failed: ${partitionName(foreign)} is not, or no longer, this member's. ` +
        'Drop what was not committed; its new owner reads it again.',
      'fenced',
      'NOT_ASSIGNED',
    );
  }

  #name(doing: string): string {
    return this.#groupId === undefined ? doing : `${doing} of group ${JSON.stringify(this.#groupId)}`;
  }

  #asked(doing: string, ask: () => void): void {
    this.#requireOpen(doing);
    try {
      ask();
    } catch (thrown) {
      throw translate(thrown as ClientError, this.#name(doing));
    }
  }

  #requireGroup(call: string): string {
    if (this.#groupId === undefined) throw misuse(`${call}() needs a consumer with a groupId`);
    return this.#groupId;
  }

  #requireOpen(call: string): void {
    if (this.#fatal !== undefined) throw this.#fatal;
    if (!this.#client.isConnected()) throw misuse(`${call}: the consumer is closed`);
  }
}
