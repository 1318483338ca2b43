/**
 * Brings a task's stores up to their changelogs before the task reads a record.
 *
 * Invariant 6: what is on disk stands for a changelog position, which is a lower bound. From there the changelog is
 * read to its end; a store whose position is unknown, or outside the changelog, or whose content lacks what its declaration
 * needs, is rebuilt from the beginning.
 */
import type { Broker, Consumer, TopicPartition } from '../brokers/port.js';
import type { RestoredChange } from '../state/store.js';
import type { TaskStore } from '../state/task-store.js';
import { type Patience, retrying } from './retry.js';

/** Told of a restore as it goes on. Offsets are those of the changelog partition. */
export interface RestoreListener {
  onRestoreStart?(store: string, partition: TopicPartition, start: number, end: number): void;
  onBatchRestored?(store: string, partition: TopicPartition, position: number, records: number): void;
  onRestoreEnd?(store: string, partition: TopicPartition, records: number): void;
}

export interface RestoreRequest {
  readonly store: TaskStore;
  readonly changelog: TopicPartition;
}

const BATCH = 5_000;
const POLL_MS = 200;

/**
 * Restores stores.
 *
 * @param patience `over` is asked between batches too: true ends the restore early (the partition was taken away)
 * @returns the changelog position that each store now stands for, in the order of `requests`
 */
export async function restore(
  broker: Broker,
  requests: readonly RestoreRequest[],
  listener: RestoreListener,
  patience: Patience,
): Promise<readonly number[]> {
  if (requests.length === 0) return [];
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  try {
    const positions: number[] = [];
    for (const request of requests) positions.push(await restoreStore(consumer, request, listener, patience));
    return positions;
  } finally {
    await consumer.close();
  }
}

async function restoreStore(
  consumer: Consumer,
  { store, changelog }: RestoreRequest,
  listener: RestoreListener,
  patience: Patience,
): Promise<number> {
  const name = store.declaration.name;
  const { low, high } = await retrying(patience, () => consumer.watermarks(changelog));
  const { position } = store;
  const known = position !== undefined && position >= low && position <= high && !store.mustBeRebuilt;
  if (!known && position !== undefined) await store.clear();
  const start = known ? position : low;
  if (start >= high) return high;

  listener.onRestoreStart?.(name, changelog, start, high);
  consumer.assign([{ ...changelog, offset: start }]);
  let records = 0;
  let next = start;
  while (next < high && !patience.over()) {
    const batch = await retrying(patience, () => consumer.poll(BATCH, POLL_MS));
    const changes: RestoredChange[] = [];
    for (const record of batch) {
      if (record.offset >= high) break;
      const { key, value, timestamp } = record;
      if (key !== null) changes.push({ key, value, timestamp });
      next = record.offset + 1;
    }
    // The last offsets may be markers or compacted away: then the position passes them without a record.
    next = Math.max(next, Math.min(consumer.position(changelog) ?? next, high));
    if (changes.length > 0) await store.restore(changes, next);
    records += changes.length;
    listener.onBatchRestored?.(name, changelog, next, records);
  }
  listener.onRestoreEnd?.(name, changelog, records);
  return next;
}
