/** Where records go in a task: branches, merges, sinks that choose. */
import { expect, onTestFinished, test } from 'vitest';
import { compose } from '../../src/operators/compose.js';
import { filter } from '../../src/operators/filter.js';
import { foreach } from '../../src/operators/foreach.js';
import { mapValues } from '../../src/operators/map-values.js';
import { processValues } from '../../src/operators/process-values.js';
import { keyValueStore } from '../../src/state/declare.js';
import { TopologyTestDriver } from '../../src/testing/topology-test-driver.js';
import { otherwise } from '../../src/topology/split.js';
import { type TopologyBuilder, topology } from '../../src/topology/topology.js';
import { texts } from './topics.js';

/** Pipes values into `in` (or the topic before a colon), and gives what each topic got. */
async function flow(build: (builder: TopologyBuilder) => void, values: readonly string[], outputs: readonly string[]) {
  const driver = await TopologyTestDriver.open(topology('flow', build));
  onTestFinished(() => driver.close());
  for (const text of values) {
    const [value = '', input = 'in'] = text.split(':').reverse();
    driver.createInputTopic(texts(input)).pipeInput('key', value);
  }
  await driver.settled();
  const got = outputs.map((name) => [name, driver.createOutputTopic(texts(name)).readValuesToList()]);
  return { got: Object.fromEntries(got), events: driver.events };
}

test('a record goes to the first branch that takes it, and to no other', async () => {
  const { got, events } = await flow(
    ({ stream }) => {
      const { long, a, rest } = stream(texts('in')).split({
        long: (text) => text.length > 3,
        a: (text, record) => text.startsWith('a') && record.key === 'key',
        rest: otherwise,
      });
      long.to(texts('long'));
      a.to(texts('a'));
      rest.to(texts('rest'));
    },
    ['a', 'aaaa', 'b', 'bbbb', 'ab'],
    ['long', 'a', 'rest'],
  );
  expect(got).toEqual({ long: ['aaaa', 'bbbb'], a: ['a', 'ab'], rest: ['b'] });
  expect(events.filtered).toBe(0);
});

test('a record that no branch takes is dropped and counted', async () => {
  const { got, events } = await flow(
    ({ stream }) =>
      stream(texts('in'))
        .split({ a: (text) => text === 'a' })
        .a.to(texts('a')),
    ['b', 'a', 'c'],
    ['a'],
  );
  expect(got).toEqual({ a: ['a'] });
  expect(events.filtered).toBe(2);
});

test('merged branches keep the order of the records', async () => {
  const { got } = await flow(
    ({ stream }) => {
      const { short, rest } = stream(texts('in')).split({ short: (text) => text.length < 2, rest: otherwise });
      short
        .pipe(mapValues((text) => `${text}!`))
        .merge(rest)
        .to(texts('out'));
    },
    ['a', 'bb', 'c', 'dd'],
    ['out'],
  );
  expect(got).toEqual({ out: ['a!', 'bb', 'c!', 'dd'] });
});

test('streams of several topics, read together or merged, are one', async () => {
  const { got } = await flow(
    ({ stream }) =>
      stream([texts('in'), texts('also')])
        .merge(stream(texts('other')))
        .to(texts('out')),
    ['a', 'also:b', 'other:c', 'd'],
    ['out'],
  );
  expect(got).toEqual({ out: ['a', 'b', 'c', 'd'] });
});

test('a sink may choose the topic of each record', async () => {
  const { got } = await flow(
    ({ stream }) =>
      stream(texts('in')).to(({ value }) => texts(value === 'a' ? 'as' : 'others'), {
        possible: [texts('as'), texts('others')],
      }),
    ['a', 'b', 'a'],
    ['as', 'others'],
  );
  expect(got).toEqual({ as: ['a', 'a'], others: ['b'] });
});

test('everything behind a stream gets every record: operators, composed ones, foreach, sinks', async () => {
  const seen: string[] = [];
  const counts = keyValueStore<string, number>('counts');
  const { got } = await flow(
    ({ stream }) => {
      const input = stream(texts('in'));
      input.pipe(foreach((text) => seen.push(text)));
      input
        .pipe(
          compose(
            filter<string, string>((text) => text !== 'b'),
            processValues<string, string, string>({
              stores: [counts],
              process(record, context) {
                const count = (context.store(counts).get(record.key) ?? 0) + 1;
                context.store(counts).put(record.key, count);
                context.forward(`${record.value}${count}`);
              },
            }),
          ),
        )
        .to(texts('counted'));
      input.to(texts('out'));
    },
    ['a', 'b', 'c'],
    ['counted', 'out'],
  );
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(got).toEqual({ counted: ['a1', 'c2'], out: ['a', 'b', 'c'] });
});
