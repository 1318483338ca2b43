import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord, TopicPartition } from '../brokers/port.js';
import type { KeyValueStore } from '../state/store.js';
import type { TaskStore } from '../state/task-store.js';
import type { Subtopology } from '../topology/graph.js';
import type { Task } from './task.js';
import { TimeOrder } from './time-order.js';

/** A task and its life in this process: its partitions, and whether its stores are restored. */
export class OwnedTask {
  readonly task: Task;
  readonly subtopology: Subtopology;
  readonly partitions: TopicPartition[] = [];
  /** Resolves when the task is restored and running, or was given up before. */
  ready: Promise<void> = Promise.resolve();
  stores: readonly (TaskStore & KeyValueStore)[] = [];
  phase: 'restoring' | 'running' | 'given-up' = 'restoring';
  /** Read while the stores were being restored. */
  readonly backlog: ConsumedRecord[] = [];
  /** In a bounded run: read of several inputs, and not yet certain to be next. */
  readonly inputs = new TimeOrder();

  constructor(task: Task, subtopology: Subtopology) {
    this.task = task;
    this.subtopology = subtopology;
  }
}

/** The records of one poll for one task, lowest timestamp first across partitions; a partition's order stays. */
export function byTimestamp(records: readonly ConsumedRecord[]): readonly ConsumedRecord[] {
  const lines = new Map<string, ConsumedRecord[]>();
  for (const record of records) {
    const line = partitionName(record);
    const before = lines.get(line);
    if (before === undefined) lines.set(line, [record]);
    else before.push(record);
  }
  if (lines.size < 2) return records;
  const heads = [...lines.values()].map((line) => ({ line, next: 0 }));
  const merged: ConsumedRecord[] = [];
  while (merged.length < records.length) {
    let lowest: { line: ConsumedRecord[]; next: number } | undefined;
    for (const head of heads) {
      if (head.next >= head.line.length) continue;
      if (lowest === undefined || head.line[head.next]!.timestamp < lowest.line[lowest.next]!.timestamp) lowest = head;
    }
    merged.push(lowest!.line[lowest!.next]!);
    lowest!.next += 1;
  }
  return merged;
}
