import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { mapAsync } from '../../src/operators/map-async.js';
import { runMarbles } from './run-marbles.js';
import { mapAsyncCases } from './tables/map-async.js';

runMarbles('mapAsync', mapAsyncCases);

test.each([0, -1, Number.NaN])('a timeout of %s is refused', (timeout) => {
  expect(() => mapAsync(async () => 1, { timeout })).toThrow(ConfigurationError);
});
