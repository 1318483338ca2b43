import type { Clock } from '../../clock.js';
import { BrokerError } from '../../errors.js';
import type { ProduceRequest } from '../port.js';
import { BatchKind, recordSize } from './batch.js';
import type { BuilderPool } from './builder-pool.js';
import type { PartitionLog, PendingBatch } from './partition-log.js';
import { CHUNK_BYTES } from './segment.js';
import type { Topic } from './topics.js';
import { endOfTick, within } from './waiting.js';
import type { WriteCycle } from './write-cycle.js';

/** What a queue needs of its broker. */
export interface QueueSurroundings {
  readonly clock: Clock;
  readonly cycle: WriteCycle;
  readonly builders: BuilderPool;
  /** How many records may wait for their acknowledgement. */
  readonly maxQueuedRecords: number;
  /** How many bytes of them. */
  readonly maxQueuedBytes: number;
}

/**
 * The records of one producer between `produce` and their acknowledgement, in batches: one for each partition takes
 * records until the end of the tick, or until it is full.
 */
export class RecordQueue {
  readonly #surroundings: QueueSurroundings;
  readonly #onFailed: (error: BrokerError) => void;
  /** The batch of each partition that the next record is added to. */
  readonly #batches = new Map<PartitionLog, PendingBatch>();
  /** Those batches and full ones: all that is not being written yet. */
  readonly #unwritten = new Set<PendingBatch>();
  #records = 0;
  #bytes = 0;

  /** @param onFailed told of every batch and record that could not be delivered */
  constructor(surroundings: QueueSurroundings, onFailed: (error: BrokerError) => void) {
    this.#surroundings = surroundings;
    this.#onFailed = onFailed;
  }

  /**
   * Queues a record; what the topic does not take fails later, as a delivery.
   *
   * @param transaction its number; 0 for none
   * @throws BrokerError `retriable`, code QUEUE_FULL
   */
  add(topic: Topic, log: PartitionLog, record: ProduceRequest, transaction: number): void {
    const { cycle, maxQueuedRecords, maxQueuedBytes } = this.#surroundings;
    const size = recordSize(record.key, record.value, record.headers);
    if (this.#records >= maxQueuedRecords || this.#bytes + size > maxQueuedBytes) {
      throw new BrokerError(
        `${this.#records} records wait for their acknowledgement, and there is no room for more. Wait for a flush, then produce again.`,
        'retriable',
        'QUEUE_FULL',
      );
    }
    this.#records += 1;
    this.#bytes += size;
    const refusal = refusalOf(topic, record, size);
    if (refusal !== undefined) {
      void cycle.settled().then(() => {
        this.#records -= 1;
        this.#bytes -= size;
        this.#onFailed(refusal);
      });
      return;
    }
    let batch = this.#batches.get(log);
    if (batch === undefined || batch.builder.length + size > CHUNK_BYTES) batch = this.#open(log, transaction);
    batch.builder.add(record.key, record.value, record.timestamp, record.headers, size);
  }

  /**
   * Resolves, in a later tick, when everything queued so far is acknowledged or has failed.
   *
   * @throws BrokerError `retriable`, code TIMED_OUT
   */
  async settled(timeoutMs: number): Promise<void> {
    const { clock, cycle } = this.#surroundings;
    if (this.#records === 0) await endOfTick(clock);
    else await within(clock, timeoutMs, 'flush', cycle.settled());
  }

  /** Fails everything that is not being written yet. */
  drop(error: BrokerError): void {
    for (const batch of [...this.#unwritten]) {
      batch.dropped = true;
      batch.onTaken();
      batch.onFailed(error);
    }
  }

  #open(log: PartitionLog, transaction: number): PendingBatch {
    const batch: PendingBatch = {
      builder: this.#surroundings.builders.take(),
      kind: BatchKind.records,
      transaction,
      dropped: false,
      onTaken: () => {
        this.#unwritten.delete(batch);
        if (this.#batches.get(log) === batch) this.#batches.delete(log);
      },
      onAcknowledged: () => this.#settle(batch),
      onFailed: (error) => {
        this.#settle(batch);
        this.#onFailed(error);
      },
    };
    this.#batches.set(log, batch);
    this.#unwritten.add(batch);
    log.enqueue(batch);
    return batch;
  }

  #settle({ builder }: PendingBatch): void {
    this.#records -= builder.count;
    this.#bytes -= builder.payload;
    this.#surroundings.builders.give(builder);
  }
}

/** Why the topic does not take the record, if it does not. */
function refusalOf({ config }: Topic, record: ProduceRequest, size: number): BrokerError | undefined {
  if (size > config.maxMessageBytes) {
    return new BrokerError(
      `A record for topic "${record.topic}" has ${size} bytes, more than the ${config.maxMessageBytes} of its max.message.bytes.`,
      'record',
      'MSG_SIZE_TOO_LARGE',
    );
  }
  if (config.compacted && record.key === null) {
    return new BrokerError(
      `Topic "${record.topic}" is compacted: it takes no record without a key.`,
      'record',
      'INVALID_RECORD',
    );
  }
  return undefined;
}
