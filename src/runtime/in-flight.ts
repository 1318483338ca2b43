import type { Unit } from './unit.js';

const COMPACT_AT = 4096;

/** The units of a task that are not finished, in order, found by sequence number. */
export class InFlight {
  #units: (Unit | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#units.length - this.#head;
  }

  get first(): Unit | undefined {
    return this.#head < this.#units.length ? this.#units[this.#head] : undefined;
  }

  push(unit: Unit): void {
    this.#units.push(unit);
  }

  shift(): void {
    this.#units[this.#head] = undefined;
    this.#head += 1;
    // Not whenever it is empty: where nothing waits that is at every record, and an array that grows again is not free.
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#units.length) {
      this.#units = this.#units.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The unit, or undefined when it is finished. */
  at(sequence: number): Unit | undefined {
    const first = this.first;
    if (first === undefined || sequence < first.sequence) return undefined;
    return this.#units[this.#head + sequence - first.sequence];
  }

  /** The units from `sequence` on, as they are now. */
  from(sequence: number): Unit[] {
    const first = this.first;
    if (first === undefined) return [];
    const start = this.#head + Math.max(0, sequence - first.sequence);
    return this.#units.slice(start) as Unit[];
  }

  clear(): Unit[] {
    const units = this.#units.slice(this.#head) as Unit[];
    this.#units = [];
    this.#head = 0;
    return units;
  }
}
