import { operator, type ProcessorContext } from '../../../src/operators/user-operator.js';
import { type StreamRecord, withKey } from '../../../src/record.js';
import { type Car, type CarKey, fiesta, focus, tombstone, withoutKey } from './cars.js';
import { type MarbleCase, throwing, throwingCase, usualCases } from './marble-case.js';

type CarRecord = StreamRecord<Car | null, CarKey | null>;

const twice = () =>
  operator('twice', {
    process(record: CarRecord, context: ProcessorContext<CarRecord>) {
      context.forward(record);
      if (record.value !== null) context.forward(record);
    },
  });

const keyedByModel = () =>
  operator('by-model', {
    keys: 'changed',
    process(record: CarRecord, context: ProcessorContext<StreamRecord<Car | null, string>>) {
      context.forward(withKey(record, record.value?.model ?? ''));
    },
  });

export const userOperatorCases: readonly MarbleCase[] = [
  ...usualCases({
    operator: twice,
    records: { a: focus, b: fiesta },
    gives: { a: '(aa)', b: '(bb)' },
    results: { a: focus, b: fiesta },
  }),
  {
    name: 'sees tombstones and null keys',
    operator: twice,
    input: 't-n---|',
    records: { t: tombstone, n: withoutKey },
    expected: 't-(nn)|',
    results: { t: tombstone, n: withoutKey },
  },
  {
    name: 'may change keys when it says so',
    operator: keyedByModel,
    input: 'a|',
    records: { a: focus },
    expected: 'x|',
    results: { x: withKey(focus, 'Focus') },
  },
  throwingCase(() => operator('throwing', { process: throwing }), focus),
];
