import { map } from 'rxjs';
import { expect, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { compose } from '../../src/operators/compose.js';
import { filter } from '../../src/operators/filter.js';
import { mapValues } from '../../src/operators/map-values.js';
import { nodesOf } from '../../src/operators/operator.js';
import { runMarbles } from './run-marbles.js';
import { composeCases } from './tables/compose.js';

runMarbles('compose', composeCases);

test('the nodes of what is composed are kept, in order, however deep', () => {
  const one = filter<number, string>(() => true, { as: 'one' });
  const two = mapValues<number, string, number>((n) => n, { as: 'two' });
  const three = filter<number, string>(() => true, { as: 'three' });
  expect(nodesOf(compose(one, compose(two, three))).map(({ name }) => name)).toEqual(['one', 'two', 'three']);
});

test('an operator of RxJS is refused', () => {
  expect(() => compose(map((record: unknown) => record) as never)).toThrow(TopologyError);
});
