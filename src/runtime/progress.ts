import type { TopicPartitionOffset } from '../brokers/port.js';
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
}

interface Moving {
  sequence: number;
  readonly offsets: Map<string, TopicPartitionOffset>;
  readonly positions: Map<string, number>;
}

/** Keeps the progress of the tasks of a worker. */
export class Progress {
  readonly #tasks = new Map<Task, Moving>();
  readonly #positions = new Map<Task, Map<string, number>>();
  readonly #tallies = new Map<Task, Tally>();
  /** What tasks that are gone have finished. */
  readonly #retired: Counts[] = [];

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

  /** True when a commit would commit something. */
  get any(): boolean {
    return this.#tasks.size > 0;
  }

  handedOver(unit: Unit, task: Task): void {
    let moving = this.#tasks.get(task);
    if (moving === undefined) {
      moving = { sequence: 0, offsets: new Map(), positions: new Map(this.#positions.get(task)) };
      this.#tasks.set(task, moving);
    }
    moving.sequence = unit.sequence;
    for (const { store } of unit.changes) {
      const position = moving.positions.get(store);
      if (position !== undefined) moving.positions.set(store, position + 1);
    }
    const { raw } = unit;
    if (raw === undefined) return;
    this.#tallies.get(task)?.handedOver(unit.outcome!);
    const key = `${raw.topic}-${raw.partition}`;
    moving.offsets.set(key, { topic: raw.topic, partition: raw.partition, offset: raw.offset + 1 });
  }

  /** What there is to commit now. */
  take(): ReadonlyMap<Task, TaskProgress> {
    const taken = new Map<Task, TaskProgress>();
    for (const [task, { sequence, offsets, positions }] of this.#tasks) {
      this.#tallies.get(task)?.committing();
      taken.set(task, { sequence, offsets: [...offsets.values()], positions });
    }
    return taken;
  }

  /** The broker has committed what was taken. Nothing was handed over meanwhile. */
  committed(taken: ReadonlyMap<Task, TaskProgress>): void {
    for (const [task, { positions }] of taken) {
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
    const counts = this.#tallies.get(task)?.counts;
    if (counts !== undefined) this.#retired.splice(0, this.#retired.length, sumCounts([...this.#retired, counts]));
    this.#tallies.delete(task);
    this.#positions.delete(task);
  }
}
