/**
 * Remembered predictions as JSON: `["fingerprint","model","version",prediction]`. One is kept for each key, and names would
 * be a third of it.
 */
import { JsonBlock, type Written } from '../serde/json-block.js';
import { ARRAY_END, ARRAY_START, COMMA } from '../serde/json-bytes.js';
import { parseJson, stringifyJson } from '../serde/json-text.js';
import type { Serde } from '../serde/serde.js';
import type { RememberedPrediction } from './prediction-memory.js';

/** Without the prediction where the model answered undefined. */
type Fields<P> = readonly [fingerprint: string, model: string, version: string, prediction?: P];

/** What a memory of predictions is written with. It also reads the objects that were written before. */
export function predictionsJson<P>(): Serde<RememberedPrediction<P>> {
  const block = new JsonBlock();
  return Object.freeze({
    encoding: 'json',
    serialize(remembered: RememberedPrediction<P> | null) {
      if (remembered === null) return null;
      return block.write(remembered, put) ?? Buffer.from(stringifyJson(fieldsOf(remembered)));
    },
    deserialize(bytes: Buffer | null) {
      if (bytes === null) return null;
      const read = parseJson(bytes) as RememberedPrediction<P> | Fields<P>;
      if (!Array.isArray(read)) return read as RememberedPrediction<P>;
      const [fingerprint, model, version, prediction] = read;
      return { fingerprint, model, version, prediction };
    },
  });
}

function put<P>(block: JsonBlock, { fingerprint, model, version, prediction }: RememberedPrediction<P>): Written {
  if (prediction === undefined) return 'unusual';
  const hasRoom =
    block.byte(ARRAY_START) &&
    block.newText(fingerprint) &&
    block.byte(COMMA) &&
    block.text(model) &&
    block.byte(COMMA) &&
    block.text(version) &&
    block.byte(COMMA);
  if (!hasRoom) return 'no room';
  const written = block.value(prediction);
  return written !== 'whole' || block.byte(ARRAY_END) ? written : 'no room';
}

function fieldsOf<P>({ fingerprint, model, version, prediction }: RememberedPrediction<P>): Fields<P> {
  return prediction === undefined ? [fingerprint, model, version] : [fingerprint, model, version, prediction];
}
