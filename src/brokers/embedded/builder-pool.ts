import { BatchBuilder } from './batch.js';

const MAX_KEPT = 64;
const MAX_KEPT_BYTES = 256 * 1024;

/** Batch builders to use again, so that a batch does not cost a buffer. */
export class BuilderPool {
  readonly #free: BatchBuilder[] = [];

  take(): BatchBuilder {
    return this.#free.pop() ?? new BatchBuilder();
  }

  /** The builder is not used by the giver any more. */
  give(builder: BatchBuilder): void {
    if (this.#free.length >= MAX_KEPT || builder.capacity > MAX_KEPT_BYTES) return;
    builder.clear();
    this.#free.push(builder);
  }
}
