import type { ModelIdentity } from './model.js';

/**
 * Why a question has no answer.
 *
 * - `timeout`: none came in time. Asking again may help.
 * - `failed`: the call failed, or the batcher was closed. Asking again may help.
 * - `invalid-answer`: the model answered what is no prediction (NaN, nothing, another number of rows).
 * - `invalid-question`: the features of this row are not what the model takes. Asking again is useless.
 */
export type ModelErrorKind = 'timeout' | 'failed' | 'invalid-answer' | 'invalid-question';

/** A model could not answer. Given to the handler of the record as the `cause`; `cause` of this is what was thrown. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    message: string,
    readonly kind: ModelErrorKind,
    readonly model: ModelIdentity,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How messages name a model: `'ford-price' 1.0.0`. */
export function nameOf(model: ModelIdentity): string {
  return `'${model.name}' ${model.version}`;
}

/** What a model threw, as the failure of the model. */
export function asModelError(thrown: Error, model: ModelIdentity): ModelError {
  if (thrown instanceof ModelError) return thrown;
  return new ModelError(`the model ${nameOf(model)} failed: ${thrown.message}`, 'failed', model, { cause: thrown });
}
