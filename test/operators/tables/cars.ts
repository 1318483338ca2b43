/** Records of cars, for the tables. */
import { Buffer } from 'node:buffer';
import { recordOf, type StreamRecord } from '../../../src/record.js';
import { callbackError } from './marble-case.js';

export interface Car {
  readonly id: number;
  readonly model: string;
}
export interface CarKey {
  readonly id: number;
}

/** Parts that every operator must carry on. */
const carried = {
  timestamp: 1_000,
  headers: [{ key: 'trace', value: Buffer.from('abc') }],
  topic: 'cars',
  partition: 3,
  offset: 41,
};

export const focus: StreamRecord<Car, CarKey> = recordOf({ id: 1 }, { id: 1, model: 'Focus' }, carried);
export const fiesta: StreamRecord<Car, CarKey> = recordOf({ id: 2 }, { id: 2, model: 'Fiesta' }, carried);
export const withoutKey: StreamRecord<Car, null> = recordOf(null, { id: 3, model: 'Kuga' }, carried);
export const tombstone: StreamRecord<null, CarKey> = recordOf({ id: 1 }, null, carried);

/** Gives one result and then throws, as a generator of a callback may. */
export function* callbackErrorAfterOne<T>(result: T): Generator<T> {
  yield result;
  throw callbackError;
}
