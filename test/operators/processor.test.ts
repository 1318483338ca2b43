/** What processValues and operator give their callbacks, beyond what their tables show. */
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { operator, type ProcessorContext } from '../../src/operators/user-operator.js';
import { recordOf, type StreamRecord, withKey, withValue } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import { type Car, type CarKey, focus } from './tables/cars.js';

type CarRecord = StreamRecord<Car, CarKey>;
type Context = ValueProcessorContext<CarKey, unknown>;

/** Runs a processor by hand; `errors` gets what the stream ends with. */
function running(parts: Parameters<typeof processValues<Car, CarKey, unknown>>[0]) {
  const source = new Subject<CarRecord>();
  const results: StreamRecord<unknown, CarKey>[] = [];
  const errors: unknown[] = [];
  const subscription = source
    .pipe(processValues<Car, CarKey, unknown>(parts))
    .subscribe({ next: (record) => results.push(record), error: (error) => errors.push(error) });
  return { source, results, errors, subscription };
}

test('init comes before the first record, close when the subscription ends', () => {
  const calls: string[] = [];
  const { source, subscription } = running({
    init: () => calls.push('init'),
    process: () => calls.push('process'),
    close: () => calls.push('close'),
  });
  expect(calls).toEqual(['init']);
  source.next(focus);
  subscription.unsubscribe();
  expect(calls).toEqual(['init', 'process', 'close']);
});

test('the context knows the record and the stream time while a record is processed', () => {
  const seen: unknown[] = [];
  const note = (context: Context) => seen.push([context.recordMetadata, context.streamTime]);
  const { source } = running({ init: note, process: (_record, context) => note(context) });
  source.next(recordOf({ id: 1 }, focus.value, { topic: 't', partition: 2, offset: 7, timestamp: 500 }));
  source.next(recordOf({ id: 1 }, focus.value, { topic: 't', partition: 2, offset: 8, timestamp: 400 }));
  expect(seen).toEqual([
    [undefined, -1],
    [{ topic: 't', partition: 2, offset: 7 }, 500],
    [{ topic: 't', partition: 2, offset: 8 }, 500],
  ]);
});

test('a forward after process has returned is refused', () => {
  let kept: Context | undefined;
  const { source } = running({
    process(_record, context) {
      kept = context;
    },
  });
  source.next(focus);
  expect(() => kept?.forward('late')).toThrow(/no record was being processed.*mapAsync/);
});

test('a value may be forwarded under the key of a record that was kept', () => {
  let before: CarRecord | undefined;
  const { source, results } = running({
    process(record, context) {
      if (before !== undefined) context.forward('the one before', before);
      before = record;
    },
  });
  const second = recordOf({ id: 2 }, focus.value);
  source.next(focus);
  source.next(second);
  expect(results).toEqual([withValue(focus, 'the one before')]);
});

test('a store that was not declared is refused', () => {
  const undeclared = keyValueStore('undeclared');
  const { source, errors } = running({ process: (_record, context) => context.store(undeclared) });
  source.next(focus);
  expect(String(errors[0])).toMatch(/'undeclared' without declaring it/);
});

test('operator() refuses another key unless it declared that keys change', () => {
  const source = new Subject<CarRecord>();
  const errors: unknown[] = [];
  const rekeying = operator('rekeying', {
    process(record: CarRecord, context: ProcessorContext<StreamRecord<Car, string>>) {
      context.forward(withKey(record, 'other'));
    },
  });
  source.pipe(rekeying).subscribe({ error: (error) => errors.push(error) });
  source.next(focus);
  expect(String(errors[0])).toMatch(/'rekeying' forwarded a record under another key.*keys: 'changed'/);
});
