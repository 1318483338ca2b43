/**
 * Remembered predictions as JSON: `["fingerprint","model","version",prediction]`. One is kept for each key, and names would
 * be a third of it.
 */
import { parseJson, stringifyJson } from '../serde/json-text.js';
import type { Serde } from '../serde/serde.js';
import type { RememberedPrediction } from './prediction-memory.js';
import { quotedAgain } from './quoted.js';

/** What a memory of predictions is written with. It also reads the objects that were written before. */
export function predictionsJson<P>(): Serde<RememberedPrediction<P>> {
  const quotedModel = quotedAgain();
  const quotedVersion = quotedAgain();
  return Object.freeze({
    encoding: 'json',
    serialize(remembered: RememberedPrediction<P> | null) {
      if (remembered === null) return null;
      const { fingerprint, model, version, prediction } = remembered;
      const answer = prediction === undefined ? '' : `,${textOf(prediction)}`;
      return Buffer.from(`[${JSON.stringify(fingerprint)},${quotedModel(model)},${quotedVersion(version)}${answer}]`);
    },
    deserialize(bytes: Buffer | null) {
      if (bytes === null) return null;
      const read = parseJson(bytes) as RememberedPrediction<P> | readonly [string, string, string, P];
      if (!Array.isArray(read)) return read as RememberedPrediction<P>;
      const [fingerprint, model, version, prediction] = read;
      return { fingerprint, model, version, prediction };
    },
  });
}

/** As {@link stringifyJson}, which is slower. */
function textOf(prediction: unknown): string {
  const isUsual = typeof prediction === 'number' && Math.abs(prediction) <= Number.MAX_SAFE_INTEGER;
  return isUsual ? String(prediction) : stringifyJson(prediction);
}
