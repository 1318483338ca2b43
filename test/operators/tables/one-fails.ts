/** The callback of every synchronous operator throws for one record: by hand that ends the stream, in a task it does not. */
import { enrich } from '../../../src/operators/enrich.js';
import { filter } from '../../../src/operators/filter.js';
import { filterNot } from '../../../src/operators/filter-not.js';
import { flatMap } from '../../../src/operators/flat-map.js';
import { flatMapValues } from '../../../src/operators/flat-map-values.js';
import { foreach } from '../../../src/operators/foreach.js';
import { map } from '../../../src/operators/map.js';
import { mapValues } from '../../../src/operators/map-values.js';
import { peek } from '../../../src/operators/peek.js';
import { processValues, type ValueProcessorContext } from '../../../src/operators/process-values.js';
import { selectKey } from '../../../src/operators/select-key.js';
import { operator, type ProcessorContext } from '../../../src/operators/user-operator.js';
import { recordOf, type StreamRecord, withKeyValue, withValue } from '../../../src/record.js';
import { keyValueStore } from '../../../src/state/declare.js';
import { callbackError, type MarbleCase } from './marble-case.js';

type N = StreamRecord<number, string>;

const one: N = recordOf('k', 1, { offset: 1 });
const bad: N = recordOf('k', 2, { offset: 2 });
const three: N = recordOf('k', 3, { offset: 3 });

/** Every callback of the table calls this first. */
function refuse(value: number): void {
  if (value === bad.value) throw callbackError;
}

/** The second of three records fails. */
function secondFails(name: string, op: MarbleCase['operator'], result: (record: N) => StreamRecord | null): MarbleCase {
  const [x, z] = [result(one), result(three)];
  const results = { ...(x === null ? {} : { x }), ...(z === null ? {} : { z }) };
  const [first, last] = [x === null ? '-' : 'x', z === null ? '-' : 'z'];
  return {
    name,
    operator: op,
    input: 'a-b-c|',
    records: { a: one, b: bad, c: three },
    expected: `${first}-#`,
    results,
    error: callbackError,
    subscribed: '^-!',
    inATask: { expected: `${first}---${last}|`, skipped: [callbackError] },
  };
}

const checked = (value: number): number => {
  refuse(value);
  return value * 10;
};

const counts = keyValueStore<string, number>('counts');

/** Counts before it fails: what the failed record wrote must not be counted. */
const counting = () =>
  processValues({
    stores: [counts],
    process(record: N, context: ValueProcessorContext<string, number>) {
      const count = (context.store(counts).get(record.key) ?? 0) + 1;
      context.store(counts).put(record.key, count);
      context.forward(count);
      refuse(record.value);
    },
  });

export const oneFailsCases: readonly MarbleCase[] = [
  secondFails(
    'filter',
    () => filter((n: number) => checked(n) > 0),
    (record) => record,
  ),
  secondFails(
    'filterNot',
    () => filterNot((n: number) => checked(n) < 0),
    (record) => record,
  ),
  secondFails(
    'map',
    () => map((n: number, { key }: N) => [key, checked(n)]),
    (record) => withKeyValue(record, 'k', record.value * 10),
  ),
  secondFails(
    'mapValues',
    () => mapValues(checked),
    (record) => withValue(record, record.value * 10),
  ),
  secondFails(
    'flatMap',
    () => flatMap((n: number) => [['k', checked(n)]] as const),
    (record) => withKeyValue(record, 'k', record.value * 10),
  ),
  secondFails(
    'flatMapValues',
    () => flatMapValues((n: number) => [checked(n)]),
    (record) => withValue(record, record.value * 10),
  ),
  secondFails(
    'selectKey',
    () => selectKey((n: number) => `${checked(n)}`),
    (record) => withKeyValue(record, `${record.value * 10}`, record.value),
  ),
  secondFails(
    'peek',
    () => peek(refuse),
    (record) => record,
  ),
  secondFails(
    'foreach',
    () => foreach(refuse),
    () => null,
  ),
  secondFails(
    'operator',
    () =>
      operator('own', {
        process(record: N, context: ProcessorContext<N>) {
          refuse(record.value);
          context.forward(record);
        },
      }),
    (record) => record,
  ),
  {
    ...secondFails(
      'enrich',
      () => enrich(checked),
      (record) => withValue(record, record.value * 10),
    ),
    records: Object.fromEntries(
      Object.entries({ a: one, b: bad, c: three }).map(([letter, record]) => [
        letter,
        withValue(record, { row: record.value, prediction: 0, model: { name: 'm', version: '1' }, remembered: false }),
      ]),
    ),
  },
  {
    name: 'processValues: the failed record leaves neither output nor state',
    operator: counting,
    input: 'a-b-c|',
    records: { a: one, b: bad, c: three },
    expected: 'x-(f#)',
    results: { x: withValue(one, 1), f: withValue(bad, 2), z: withValue(three, 2) },
    error: callbackError,
    inATask: { expected: 'x---z|', skipped: [callbackError] },
  },
];
