import { processValues, type ValueProcessorContext } from '../../../src/operators/process-values.js';
import { type StreamRecord, withValue } from '../../../src/record.js';
import { keyValueStore } from '../../../src/state/declare.js';
import { type Car, type CarKey, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

/** Numbers the records of each key; a tombstone starts anew; a Fiesta is forwarded twice. */
const counting = () => {
  const counts = keyValueStore<CarKey, number>('counts');
  return processValues({
    stores: [counts],
    process(record: StreamRecord<Car | null, CarKey | null>, context: ValueProcessorContext<CarKey | null, number>) {
      const store = context.store(counts);
      if (record.key === null) {
        context.forward(0);
        return;
      }
      if (record.value === null) {
        store.delete(record.key);
        return;
      }
      const count = (store.get(record.key) ?? 0) + 1;
      store.put(record.key, count);
      context.forward(count);
      if (record.value.model === 'Fiesta') context.forward(-count);
    },
  });
};

export const processValuesCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: counting,
    records: { a: focus, b: fiesta, c: focus },
    gives: { a: 'x', b: '(yz)', c: 'w' },
    results: { x: withValue(focus, 1), w: withValue(focus, 2), y: withValue(fiesta, 1), z: withValue(fiesta, -1) },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: counting,
    input: 'a-t-a-n|',
    records: { a: focus, t: tombstone, n: withoutKey },
    expected: 'x---x-y|',
    results: { x: withValue(focus, 1), y: withValue(withoutKey, 0) },
  },
  throwingCase(() => processValues({ process: throwing }), focus),
];
