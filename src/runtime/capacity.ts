/** How much may be in flight at once (invariant 7), whatever the model does. */
export interface CapacityLimits {
  /** Records read and not finished. */
  readonly records: number;
  /** Bytes of what was read and what is to be written. */
  readonly bytes: number;
}

/** How much may still be read. */
export class Capacity {
  readonly #limits: CapacityLimits;
  readonly #load: () => CapacityLimits;

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
}
