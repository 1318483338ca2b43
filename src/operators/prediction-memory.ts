import { keyValueStore } from '../state/declare.js';
import type { StoreDeclaration } from '../state/store.js';
import { predictionsJson } from './predictions-json.js';

/** What `predict` remembers of a key. */
export interface RememberedPrediction<P> {
  /** The features that were asked about, as a text that differs when they do: see `fingerprint.ts`. */
  readonly fingerprint: string;
  /** The model that answered, and its version: another model or version is a miss. */
  readonly model: string;
  readonly version: string;
  readonly prediction: P;
}

/**
 * Declares a memory of predictions, for `predict(model, { remember })`.
 *
 * @param options `retentionMs`: milliseconds after which an answer is forgotten; default: never
 * @example
 * export const predictions = predictionMemory<CarKey, number>('predictions');
 */
export function predictionMemory<K, P>(
  name: string,
  options: { readonly retentionMs?: number } = {},
): StoreDeclaration<K, RememberedPrediction<P>> {
  return keyValueStore<K, RememberedPrediction<P>>(name, {
    ...options,
    value: predictionsJson<P>(),
    holds: 'predictions',
  });
}
