/**
 * Operators of your own: one that changes what it sees and needs nothing more, and one with a store and a schedule.
 * What is kept between records is kept in stores, where it is part of the commit.
 *
 *     npx tsx examples/05-your-own-operator.ts
 *
 * prints
 *
 *     after 3 readings: nothing yet
 *     after a minute: boiler 61.5, hall 19
 *     after another: hall 21
 */
import {
  json,
  keyValueStore,
  operator,
  type ProcessorContext,
  recordOf,
  type StreamRecord,
  string,
  topic,
  topology,
} from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

interface Reading {
  readonly celsius: number;
}
interface Sum {
  readonly total: number;
  readonly readings: number;
}

const readings = topic('readings', { key: string(), value: json<Reading>() });
const averages = topic('averages', { key: string(), value: json<number>() });
const sums = keyValueStore<string, Sum>('sums');

/** Drops what no thermometer measures. Used in any topology whose values have `celsius`. */
function plausible<R extends StreamRecord<Reading>>() {
  return operator<R, R>('plausible', {
    process(record, context) {
      if (Math.abs(record.value.celsius) < 200) context.forward(record);
    },
  });
}

/** The average of each key, once a minute by the clock; `'stream-time'` would go by the records' timestamps. */
const averageEachMinute = operator('average-each-minute', {
  stores: [sums],
  init(context: ProcessorContext<StreamRecord<number, string>>) {
    context.schedule(60_000, 'wall-clock-time', (timestamp) => {
      const store = context.store(sums);
      for (const [key, { total, readings }] of [...store.entries()]) {
        context.forward(recordOf(key, total / readings, { timestamp }));
        store.delete(key);
      }
    });
  },
  process(record: StreamRecord<Reading, string>, context: ProcessorContext<StreamRecord<number, string>>) {
    const store = context.store(sums);
    const { total, readings } = store.get(record.key) ?? { total: 0, readings: 0 };
    store.put(record.key, { total: total + record.value.celsius, readings: readings + 1 });
  },
});

const climate = topology('climate', ({ stream }) => {
  stream(readings).pipe(plausible(), averageEachMinute).to(averages);
});

const driver = await TopologyTestDriver.open(climate);
const input = driver.createInputTopic(readings);
const output = driver.createOutputTopic(averages);
const shown = () =>
  output
    .readRecordsToList()
    .map(({ key, value }) => `${key} ${value}`)
    .sort()
    .join(', ') || 'nothing yet';

input.pipeInput('hall', { celsius: 19 });
input.pipeInput('boiler', { celsius: 61.5 });
input.pipeInput('boiler', { celsius: 9_999 }); // a loose contact
console.log(`after 3 readings: ${shown()}`);
await driver.advanceWallClockTime(60_000);
console.log(`after a minute: ${shown()}`);
input.pipeInput('hall', { celsius: 21 });
await driver.advanceWallClockTime(60_000);
console.log(`after another: ${shown()}`);
await driver.close();
