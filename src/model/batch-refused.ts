import type { ModelError } from './model-error.js';

/**
 * A batch could not be answered as it is, probably because of one row in it. Thrown by `predict` of a model, it makes
 * the batcher ask for both halves by themselves, and so on, until the guilty row is alone; that row gets `error`.
 */
export class BatchRefused extends Error {
  override readonly name = 'BatchRefused';
  /** @param error what the row gets when it is alone */
  constructor(readonly error: ModelError) {
    super(error.message, { cause: error });
  }
}
