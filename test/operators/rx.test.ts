import { identity } from 'rxjs';
import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { rx } from '../../src/operators/rx.js';
import { runMarbles } from './run-marbles.js';
import { rxCases } from './tables/rx.js';

runMarbles('rx', rxCases);

test.each([0, -1, Number.NaN])('a timeout of %s is refused', (timeout) => {
  expect(() => rx('same', identity, { timeout })).toThrow(ConfigurationError);
});
