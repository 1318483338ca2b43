import fc from 'fast-check';
import { expect, test } from 'vitest';
import { predictionsJson } from '../../src/operators/predictions-json.js';
import { NO_HEADERS } from '../../src/record.js';
import { parseJson, stringifyJson } from '../../src/serde/json-text.js';

const prediction = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }),
  fc.constantFrom(undefined, null, 2 ** 53, 1e300),
  fc.record({ price: fc.integer(), bounds: fc.array(fc.integer()) }),
);
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('x'.repeat(9_000)));
const remembered = fc.record({ fingerprint: text, model: text, version: text, prediction });
const context = () => ({ topic: 'predictions', headers: NO_HEADERS, schema: undefined });

test('is JSON, and is read back', () => {
  const serde = predictionsJson<unknown>();
  fc.assert(
    fc.property(remembered, (value) => {
      const bytes = serde.serialize(value, context())!;
      expect(String(bytes)).toBe(stringifyJson(parseJson(bytes)));
      expect(JSON.parse(String(bytes)).slice(0, 3)).toEqual([value.fingerprint, value.model, value.version]);
      expect(serde.deserialize(bytes, context())).toEqual(value);
    }),
  );
});

test('are fields in their order', () => {
  const value = { fingerprint: 'iA4x_8-w 6:Fiesta;2017;', model: 'ford-price', version: '1.0.0', prediction: 8_750.5 };
  expect(String(predictionsJson().serialize(value, context()))).toBe(
    '["iA4x_8-w 6:Fiesta;2017;","ford-price","1.0.0",8750.5]',
  );
});

test('objects, as they were written before, are read', () => {
  const value = { fingerprint: 'year=2017;', model: 'ford-price', version: '1.0.0', prediction: 8_750.5 };
  expect(predictionsJson().deserialize(Buffer.from(JSON.stringify(value)), context())).toEqual(value);
});

test('null is no bytes', () => {
  expect(predictionsJson().serialize(null, context())).toBeNull();
  expect(predictionsJson().deserialize(null, context())).toBeNull();
});
