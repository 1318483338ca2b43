import type { ModelIdentity } from './model.js';
import { asModelError, ModelError, nameOf } from './model-error.js';

/**
 * Why what a model answered for a row is no prediction; null when it is one.
 *
 * NaN and infinities are refused because they pass every later check unnoticed and end in a table. An `Error` in the
 * place of a prediction is how a model says that this row alone could not be answered.
 */
export function refusalOf(answer: unknown, model: ModelIdentity): ModelError | null {
  if (answer instanceof Error) return asModelError(answer, model);
  const valid = typeof answer === 'number' ? Number.isFinite(answer) : answer !== undefined && answer !== null;
  if (valid) return null;
  return new ModelError(
    `the model ${nameOf(model)} answered ${answer}, which is no prediction`,
    'invalid-answer',
    model,
  );
}
