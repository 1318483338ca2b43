/** How much may be in flight at once (invariant 7), whatever the model does. */
export interface CapacityLimits {
  /** Records read and not finished. */
  readonly records: number;
  /** Bytes of what was read and what is to be written. */
  readonly bytes: number;
}

/** Lets the worker read only while there is room. */
export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #load: () => CapacityLimits;
  #waiting: (() => void) | undefined;

  /** @param load what is in flight now */
  constructor(limits: CapacityLimits, load: () => CapacityLimits) {
    this.#limits = limits;
    this.#load = load;
  }

  /** Records that may be read now; 0: none. */
  get room(): number {
    const { records, bytes } = this.#load();
    return bytes >= this.#limits.bytes ? 0 : Math.max(0, this.#limits.records - records);
  }

  /** Something has finished: whoever waits for room is told when there is some. */
  freed(): void {
    if (this.#waiting === undefined || this.room === 0) return;
    const tell = this.#waiting;
    this.#waiting = undefined;
    tell();
  }

  /** Tells whoever waits, room or not. */
  wake(): void {
    const tell = this.#waiting;
    this.#waiting = undefined;
    tell?.();
  }

  /** Calls back once, when there is room or `wake` is called. */
  whenRoom(callback: () => void): void {
    this.#waiting = callback;
  }
}
