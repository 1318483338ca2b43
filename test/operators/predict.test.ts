import { expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.js';
import { model } from '../../src/model/model.js';
import { compose } from '../../src/operators/compose.js';
import { flatMapValues } from '../../src/operators/flat-map-values.js';
import { predict } from '../../src/operators/predict.js';
import { predictionMemory } from '../../src/operators/prediction-memory.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { recordOf, type StreamRecord } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import { fake } from '../../src/testing/fake.js';
import { FrameScheduler } from '../../src/testing/frame-scheduler.js';
import { OneTask } from './in-a-task.js';
import { runMarbles } from './run-marbles.js';
import { predictCases } from './tables/predict.js';

runMarbles('predict', predictCases);

test.each([0, -1, Number.NaN])('a timeout of %s is refused', (timeout) => {
  expect(() => predict(model<string, number>('m'), { features: String, timeout })).toThrow(ConfigurationError);
});

test('a record that is run again asks nothing twice, though one of its rows is in memory by then', async () => {
  const scheduler = new FrameScheduler();
  const { clock } = scheduler;
  const asked = fake(model<string, number>('m'), {
    answer: (features) => (features === 'poison' ? new Error('no price') : features.length),
    delay: (features) => (features === 'poison' ? 5 : 3),
  });
  asked.runOn(clock);
  const last = keyValueStore<string, string>('last');
  const memory = predictionMemory<string, number>('memory');
  // A record reads what the one before it wrote, so it is run again when that one fails.
  const reading = processValues({
    stores: [last],
    process(record: StreamRecord<string, string>, context: ValueProcessorContext<string, string>) {
      context.store(last).get(record.key);
      context.store(last).put(record.key, record.value);
      context.forward(record.value);
    },
  });
  const task = await OneTask.open(
    compose(
      reading,
      flatMapValues((rows: string) => rows.split(' ')),
      predict(asked, { features: (row: string) => row, remember: memory }),
    ) as never,
    clock,
  );
  await scheduler.play(() => {
    for (const [offset, rows] of ['one', 'poison', 'one three'].entries()) {
      task.process(recordOf('k', rows, { offset, topic: 'in' }));
    }
  });
  expect(task.dropped.map(({ position }) => position?.offset)).toEqual([1]);
  expect(asked.questions).toEqual(['one', 'poison', 'three']);
  const released = task.released.map(
    (happening) => happening.kind === 'record' && (happening.record as StreamRecord).value,
  );
  expect(released).toMatchObject([
    { row: 'one', remembered: false },
    { row: 'one', remembered: true },
    { row: 'three', remembered: false },
  ]);
  task.close();
});
