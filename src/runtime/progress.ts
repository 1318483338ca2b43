import { partitionName } from '../brokers/partition-name.js';
import type { TopicPartition, TopicPartitionOffset } from '../brokers/port.js';
import { type Counts, sumCounts, Tally } from './tally.js';
import type { Task } from './task.js';
import type { Unit } from './unit.js';

/** What a task has handed to the producer since its last commit: the prefix that a commit takes. */
export interface TaskProgress {
  /** Sequence number of the last unit handed over. */
  readonly sequence: number;
  /** The next offset to read, for each partition that has moved. */
  readonly offsets: readonly TopicPartitionOffset[];
  /** The changelog position behind what was handed over, by store; a lower bound (markers are not counted). */
  readonly positions: ReadonlyMap<string, number>;
  /** Timestamps of its first and its last record; undefined when only punctuations moved it. */
  readonly oldest: number | undefined;
  readonly newest: number | undefined;
}

/** Records in and out, counted when they pass: what an abort undoes is counted again. Only goes up. */
export interface Traffic {
  readonly consumed: number;
  /** Handed to the producer for topics of the topology, dead letters included. */
  readonly produced: number;
  /** Handed to the producer for changelogs. */
  readonly changes: number;
}

interface Moving {
  sequence: number;
  oldest: number | undefined;
  newest: number | undefined;
  readonly offsets: Map<string, Line>;
  /** The one of `offsets` that moved last: records come in runs of one partition. */
  last: Line | undefined;
  readonly positions: Map<string, number>;
}

interface Line extends TopicPartition {
  offset: number;
}

/** Keeps the progress of the tasks of a worker. */
export class Progress {
  readonly #tasks = new Map<Task, Moving>();
  readonly #positions = new Map<Task, Map<string, number>>();
  readonly #tallies = new Map<Task, Tally>();
  /** What tasks that are gone have finished. */
  readonly #retired: Counts[] = [];
  #readByRetired = 0;
  #produced = 0;
  #changes = 0;
  /** Next offsets to read as the broker has them, by `topic-partition`. */
  readonly #committed = new Map<string, number>();

  /** The task starts from these changelog positions. */
  startAt(task: Task, positions: ReadonlyMap<string, number>): void {
    this.#positions.set(task, new Map(positions));
    this.#tallies.set(task, new Tally());
  }

  /** A task has read a record. */
  readOne(task: Task): void {
    this.#tallies.get(task)?.readOne();
  }

  get counts(): Counts {
    const tasks = [...this.#tallies.values()].map((tally) => tally.counts);
    return sumCounts([...this.#retired, ...tasks]);
  }

  get traffic(): Traffic {
    let consumed = this.#readByRetired;
    for (const tally of this.#tallies.values()) consumed += tally.everRead;
    return { consumed, produced: this.#produced, changes: this.#changes };
  }

  /** Where the partition begins for this process: what the broker says is committed, or undefined. */
  beginsAt(partition: TopicPartition, committed: number | undefined): void {
    if (committed === undefined) this.#committed.delete(partitionName(partition));
    else this.#committed.set(partitionName(partition), committed);
  }

  /** The committed offset of a partition; undefined while none is. */
  committedOf(partition: TopicPartition): number | undefined {
    return this.#committed.get(partitionName(partition));
  }

  /** Records of a task that are read and not committed. */
  inFlightOf(task: Task): number {
    return this.#tallies.get(task)?.counts.inFlight ?? 0;
  }

  /** True when a commit would commit something. */
  get any(): boolean {
    return this.#tasks.size > 0;
  }

  handedOver(unit: Unit, task: Task): void {
    let moving = this.#tasks.get(task);
    if (moving === undefined) {
      const positions = new Map(this.#positions.get(task));
      moving = { sequence: 0, oldest: undefined, newest: undefined, offsets: new Map(), last: undefined, positions };
      this.#tasks.set(task, moving);
    }
    moving.sequence = unit.sequence;
    this.#produced += unit.outputs.length;
    this.#changes += unit.changes.length;
    for (const { store } of unit.changes) {
      const position = moving.positions.get(store);
      if (position !== undefined) moving.positions.set(store, position + 1);
    }
    const { raw } = unit;
    if (raw === undefined) return;
    this.#tallies.get(task)?.handedOver(unit.outcome!);
    moving.oldest ??= raw.timestamp;
    moving.newest = raw.timestamp;
    const { topic, partition } = raw;
    if (moving.last?.partition !== partition || moving.last.topic !== topic) {
      moving.last = { topic, partition, offset: 0 };
      moving.offsets.set(partitionName(raw), moving.last);
    }
    moving.last.offset = raw.offset + 1;
  }

  /** What there is to commit now. */
  take(): ReadonlyMap<Task, TaskProgress> {
    const taken = new Map<Task, TaskProgress>();
    for (const [task, { sequence, offsets, positions, oldest, newest }] of this.#tasks) {
      this.#tallies.get(task)?.committing();
      const lines = Array.from(offsets.values(), (line) => ({ ...line }));
      taken.set(task, { sequence, offsets: lines, positions, oldest, newest });
    }
    return taken;
  }

  /** The broker has committed what was taken. Nothing was handed over meanwhile. */
  committed(taken: ReadonlyMap<Task, TaskProgress>): void {
    for (const [task, { positions, offsets }] of taken) {
      for (const each of offsets) this.#committed.set(partitionName(each), each.offset);
      this.#positions.set(task, new Map(positions));
      this.#tasks.delete(task);
      this.#tallies.get(task)?.committed();
    }
  }

  /** What was handed over since the last commit is void. */
  reset(task: Task): void {
    this.#tasks.delete(task);
    this.#tallies.get(task)?.setBack();
  }

  /** The task is gone; what it has finished still counts. */
  forget(task: Task): void {
    this.reset(task);
    this.#readByRetired += this.#tallies.get(task)?.everRead ?? 0;
    const counts = this.#tallies.get(task)?.counts;
    if (counts !== undefined) this.#retired.splice(0, this.#retired.length, sumCounts([...this.#retired, counts]));
    this.#tallies.delete(task);
    this.#positions.delete(task);
  }
}
