import { asError, BrokerError } from '../../errors.js';
import type { ConsumedRecord, ConsumerConfig, TopicPartition, TopicPartitionOffset } from '../port.js';
import { keyOf } from './groups.js';
import type { OffsetStore } from './offset-store.js';
import type { PartitionLog } from './partition-log.js';
import { unknownTopic } from './partition-log.js';
import { readChunk } from './read-chunk.js';
import type { Chunk } from './segment.js';
import type { Topics } from './topics.js';

/** A batch of records stops growing at this size, whatever number was asked for. */
const MAX_FETCH_BYTES = 16 * 1024 * 1024;

interface Fetched {
  readonly partition: TopicPartition;
  readonly log: PartitionLog;
  readonly unlisten: () => void;
  /** The offset to read next; undefined until it was looked up or sought. */
  position: number | undefined;
  paused: boolean;
  /** The chunk that was read from disk last: it is read from until it is used up. */
  held: { readonly chunk: Chunk; readonly bytes: Buffer } | undefined;
  loading: Promise<void> | undefined;
  loadFailure: BrokerError | undefined;
  /** A transaction holds the group's offset: it wakes the consumer when it lets go. */
  awaitsOffset: boolean;
}

/** What a consumer reads from, and how far it is. Partitions take turns. */
export class Fetcher {
  readonly #config: ConsumerConfig;
  readonly #topics: Topics;
  readonly #offsets: OffsetStore;
  readonly #onRecords: () => void;
  readonly #partitions = new Map<string, Fetched>();
  #turns: Fetched[] = [];
  #turn = 0;
  #moved = false;

  /** @param onRecords called when there may be something to read */
  constructor(config: ConsumerConfig, topics: Topics, offsets: OffsetStore, onRecords: () => void) {
    this.#config = config;
    this.#topics = topics;
    this.#offsets = offsets;
    this.#onRecords = onRecords;
  }

  partitions(): readonly TopicPartition[] {
    return Array.from(this.#partitions.values(), (each) => each.partition);
  }

  /** Begins to read these. Where to begin is looked up with the first fetch, unless it is sought. */
  add(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const found = this.#topics.get(topic);
      if (found === undefined) throw unknownTopic(topic);
      const log = found.logs[partition];
      if (log === undefined) throw unknownTopic(topic, partition);
      this.#partitions.set(keyOf({ topic, partition }), {
        partition: { topic, partition },
        log,
        unlisten: log.listen(this.#onRecords),
        position: undefined,
        paused: false,
        held: undefined,
        loading: undefined,
        loadFailure: undefined,
        awaitsOffset: false,
      });
    }
    this.#turns = [...this.#partitions.values()];
  }

  drop(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const key = keyOf(partition);
      this.#partitions.get(key)?.unlisten();
      this.#partitions.delete(key);
    }
    this.#turns = [...this.#partitions.values()];
  }

  position(partition: TopicPartition): number | undefined {
    return this.#partitions.get(keyOf(partition))?.position;
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const fetched = this.#partitions.get(keyOf({ topic, partition }));
    if (fetched === undefined) {
      throw new BrokerError(
        `${topic}-${partition} is not assigned to this consumer, so it cannot seek.`,
        'fenced',
        'STATE',
      );
    }
    fetched.position = offset;
  }

  /** Those that are not assigned are left out: a rebalance may have taken them a moment ago. */
  pause(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const partition of partitions) {
      const fetched = this.#partitions.get(keyOf(partition));
      if (fetched !== undefined) fetched.paused = paused;
    }
  }

  /** Whether a fetch has moved a position since this was asked; it may have found only what is left out. */
  hasMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  /** What can be read now, at most `max` records; reads files only when memory has nothing. */
  async fetch(max: number): Promise<ConsumedRecord[]> {
    const records: ConsumedRecord[] = [];
    for (;;) {
      const cold: Promise<void>[] = [];
      const turns = this.#turns;
      let bytes = MAX_FETCH_BYTES;
      for (let i = 0; i < turns.length && records.length < max && bytes > 0; i += 1) {
        const fetched = turns[(this.#turn + i) % turns.length]!;
        if (fetched.paused) continue;
        if (fetched.log.deleted) throw unknownTopic(fetched.partition.topic);
        if (fetched.position === undefined && !this.#begin(fetched)) continue;
        bytes = this.#read(fetched, max, bytes, records);
        if (fetched.loading !== undefined) cold.push(fetched.loading);
      }
      if (turns.length > 0) this.#turn = (this.#turn + 1) % turns.length;
      if (records.length > 0 || cold.length === 0) return records;
      await Promise.race(cold);
      if (this.#turns !== turns) return records;
    }
  }

  #read(fetched: Fetched, max: number, budget: number, records: ConsumedRecord[]): number {
    const { log } = fetched;
    if (fetched.loadFailure !== undefined) throw fetched.loadFailure;
    const committedOnly = this.#config.isolation === 'read_committed';
    let position = fetched.position!;
    let bytes = budget;
    if (position < log.start || position > log.highWatermark) position = this.#reset(fetched, 'OFFSET_OUT_OF_RANGE');
    const limit = committedOnly ? log.lastStableOffset : log.highWatermark;
    while (position < limit && records.length < max && bytes > 0) {
      const chunk = log.locate(position);
      if (chunk === undefined || chunk.baseOffset >= limit) {
        position = limit;
        break;
      }
      const chunkBytes = fetched.held?.chunk === chunk ? fetched.held.bytes : log.bytesOf(chunk);
      if (chunkBytes === undefined) {
        fetched.loading ??= this.#load(fetched, chunk);
        break;
      }
      const request = { from: position, limit, max: max - records.length, committedOnly };
      position = readChunk(fetched.partition, log.transactions, chunk, chunkBytes, request, records);
      bytes -= chunk.length;
    }
    if (position !== fetched.position) this.#moved = true;
    fetched.position = position;
    return bytes;
  }

  async #load(fetched: Fetched, chunk: Chunk): Promise<void> {
    try {
      fetched.held = { chunk, bytes: await fetched.log.load(chunk) };
    } catch (thrown) {
      const cause = asError(thrown);
      const { topic, partition } = fetched.partition;
      fetched.loadFailure = new BrokerError(
        `${topic}-${partition} could not be read at offset ${chunk.baseOffset}: ${cause.message}`,
        'fatal',
        'STORAGE',
        { cause },
      );
    } finally {
      fetched.loading = undefined;
    }
  }

  /** Looks up where to begin; false while a transaction holds the group's offset. */
  #begin(fetched: Fetched): boolean {
    const { groupId } = this.#config;
    const { topic, partition } = fetched.partition;
    if (groupId !== undefined && this.#offsets.isHeld(groupId, [fetched.partition])) {
      if (!fetched.awaitsOffset) {
        fetched.awaitsOffset = true;
        this.#offsets.afterRelease(() => {
          fetched.awaitsOffset = false;
          this.#onRecords();
        });
      }
      return false;
    }
    const committed = groupId === undefined ? undefined : this.#offsets.get(groupId, topic, partition);
    fetched.position = committed ?? this.#reset(fetched, 'NO_OFFSET');
    return true;
  }

  #reset(fetched: Fetched, code: 'NO_OFFSET' | 'OFFSET_OUT_OF_RANGE'): number {
    const { topic, partition } = fetched.partition;
    const { offsetReset, isolation } = this.#config;
    const { log } = fetched;
    switch (typeof offsetReset === 'function' ? offsetReset(topic) : offsetReset) {
      case 'earliest':
        return log.start;
      case 'latest':
        return isolation === 'read_committed' ? log.lastStableOffset : log.highWatermark;
      case 'none':
        throw new BrokerError(
          code === 'NO_OFFSET'
            ? `There is no committed offset for ${topic}-${partition}, and offsetReset is "none". Commit one, seek, or choose "earliest" or "latest".`
            : `Offset ${fetched.position} of ${topic}-${partition} does not exist: it has ${log.start} to ${log.highWatermark}, and offsetReset is "none".`,
          'fatal',
          code,
        );
    }
  }
}
