import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { model } from '../../src/model/model.js';
import { predict } from '../../src/operators/predict.js';
import { runMarbles } from './run-marbles.js';
import { predictCases } from './tables/predict.js';

runMarbles('predict', predictCases);

test.each([0, -1, Number.NaN])('a timeout of %s is refused', (timeout) => {
  expect(() => predict(model<string, number>('m'), { features: String, timeout })).toThrow(ConfigurationError);
});
