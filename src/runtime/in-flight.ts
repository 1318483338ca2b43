import { HeadQueue } from '../head-queue.js';
import type { Unit } from './unit.js';

/** The units of a task that are not finished, in order, found by sequence number. */
export class InFlight {
  #units = new HeadQueue<Unit>();

  get size(): number {
    return this.#units.size;
  }

  get first(): Unit | undefined {
    return this.#units.first;
  }

  push(unit: Unit): void {
    this.#units.push(unit);
  }

  shift(): void {
    this.#units.shift();
  }

  /** The unit, or undefined when it is finished. */
  at(sequence: number): Unit | undefined {
    const { first } = this;
    if (first === undefined || sequence < first.sequence) return undefined;
    return this.#units.at(sequence - first.sequence);
  }

  /** The units from `sequence` on, as they are now. */
  from(sequence: number): Unit[] {
    const { first } = this;
    return first === undefined ? [] : this.#units.from(Math.max(0, sequence - first.sequence));
  }

  clear(): Unit[] {
    const units = this.#units.from(0);
    this.#units = new HeadQueue();
    return units;
  }
}
