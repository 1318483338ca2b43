/** The texts of describe() against those that the JVM's Kafka Streams wrote. See test/jvm/describe. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filter } from '../../src/operators/filter.js';
import { filterNot } from '../../src/operators/filter-not.js';
import { flatMap } from '../../src/operators/flat-map.js';
import { flatMapValues } from '../../src/operators/flat-map-values.js';
import { foreach } from '../../src/operators/foreach.js';
import { map } from '../../src/operators/map.js';
import { mapValues } from '../../src/operators/map-values.js';
import { peek } from '../../src/operators/peek.js';
import { processValues } from '../../src/operators/process-values.js';
import { selectKey } from '../../src/operators/select-key.js';
import type { StreamRecord } from '../../src/record.js';
import { keyValueStore } from '../../src/state/declare.js';
import { otherwise } from '../../src/topology/split.js';
import { type TopologyBuilder, topology } from '../../src/topology/topology.js';
import { interpret } from './programs.js';
import { texts } from './topics.js';

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/describe/${name}.txt`, import.meta.url), { encoding: 'utf8' });

const forwarding = (options: { as?: string; stores?: readonly ReturnType<typeof keyValueStore>[] } = {}) =>
  processValues<string, string, string>({ ...options, process: (record, context) => context.forward(record.value) });

const byFuel = (record: StreamRecord<string, string>) => texts(record.value);

const topologies: Readonly<Record<string, (builder: TopologyBuilder) => void>> = {
  'every-operator': ({ stream }) =>
    stream(texts('in'))
      .pipe(
        filter(() => true),
        filterNot(() => false),
        map((value, record) => [record.key, value]),
        mapValues((value) => value),
        flatMap((value, record) => [[record.key, value]]),
        flatMapValues((value) => [value]),
        selectKey((_value, record) => record.key),
        peek(() => undefined),
        forwarding(),
      )
      .to(texts('out')),

  'every-operator-named': ({ stream }) =>
    stream(texts('in'), { as: 'read' })
      .pipe(
        filter(() => true, { as: 'keep' }),
        filterNot(() => false, { as: 'leave-out' }),
        map((value, record) => [record.key, value], { as: 'rewrite' }),
        mapValues((value) => value, { as: 'rewrite-value' }),
        flatMap((value, record) => [[record.key, value]], { as: 'multiply' }),
        flatMapValues((value) => [value], { as: 'multiply-values' }),
        selectKey((_value, record) => record.key, { as: 'choose-key' }),
        peek(() => undefined, { as: 'look' }),
        forwarding({ as: 'process' }),
      )
      .to(texts('out'), { as: 'write' }),

  'given-and-generated-names': ({ stream }) =>
    stream(texts('in'), { as: 'read' })
      .pipe(
        filter(() => true),
        mapValues((value) => value, { as: 'named' }),
        mapValues((value) => value),
        forwarding({ as: 'process' }),
        mapValues((value) => value),
      )
      .to(texts('out')),

  foreach: ({ stream }) => {
    stream(texts('in')).pipe(foreach(() => undefined));
  },

  'source-to-sink': ({ stream }) => stream(texts('in')).to(texts('out')),

  'several-topics': ({ stream }) =>
    stream(['orders', 'payments', 'refunds', 'cars', 'vans'].map(texts))
      .pipe(filter(() => true))
      .to(texts('out')),

  'many-topics': ({ stream }) =>
    stream(Array.from({ length: 14 }, (_, i) => texts(`t${String(i).padStart(2, '0')}`))).to(texts('out')),

  'two-subtopologies': ({ stream }) => {
    const cars = stream(texts('cars'));
    const vans = stream(texts('vans'));
    vans.pipe(mapValues((value) => value)).to(texts('priced-vans'));
    cars
      .pipe(
        filter(() => true),
        mapValues((value) => value),
      )
      .to(texts('priced-cars'));
  },

  'chained-subtopologies': ({ stream }) => {
    stream(texts('in'))
      .pipe(mapValues((value) => value))
      .to(texts('between'));
    stream(texts('between'))
      .pipe(mapValues((value) => value))
      .to(texts('out'));
  },

  'split-with-default': ({ stream }) => {
    const { petrol, diesel, rest } = stream(texts('cars')).split({
      petrol: (fuel) => fuel === 'petrol',
      diesel: (fuel) => fuel === 'diesel',
      rest: otherwise,
    });
    petrol.to(texts('petrol-cars'));
    diesel.to(texts('diesel-cars'));
    rest.to(texts('other-cars'));
  },

  'split-named': ({ stream }) => {
    const { petrol, diesel } = stream(texts('cars')).split(
      { petrol: (fuel) => fuel === 'petrol', diesel: (fuel) => fuel === 'diesel' },
      { as: 'by-fuel-' },
    );
    petrol.pipe(mapValues((value) => value)).to(texts('petrol-cars'));
    diesel.to(texts('diesel-cars'));
  },

  'split-merged-again': ({ stream }) => {
    const { petrol, rest } = stream(texts('cars')).split(
      { petrol: (fuel) => fuel === 'petrol', rest: otherwise },
      { as: 'by-fuel-' },
    );
    petrol
      .pipe(mapValues((value) => value))
      .merge(rest)
      .to(texts('out'));
  },

  merge: ({ stream }) => {
    const cars = stream(texts('cars'));
    const vans = stream(texts('vans'));
    cars
      .merge(vans)
      .pipe(mapValues((value) => value))
      .to(texts('out'));
  },

  'merge-named': ({ stream }) => {
    const cars = stream(texts('cars'), { as: 'cars-in' });
    const vans = stream(texts('vans'), { as: 'vans-in' });
    cars
      .pipe(filter(() => true))
      .merge(vans, { as: 'both' })
      .to(texts('out'), { as: 'all-out' });
  },

  stores: ({ stream }) => {
    const [delivered, ...others] = ['delivered', 'predictions', 'seen', 'totals'].map((name) => keyValueStore(name));
    stream(texts('in'))
      .pipe(forwarding({ stores: [delivered!] }), forwarding({ as: 'count', stores: others }))
      .to(texts('out'));
  },

  'sink-by-function': ({ stream }) => stream(texts('in')).to(byFuel, { possible: [texts('petrol'), texts('diesel')] }),

  'fan-out': ({ stream }) => {
    const input = stream(texts('in'));
    input.pipe(mapValues((value) => value, { as: 'z-short' })).to(texts('a-out'));
    input.pipe(mapValues((value) => value, { as: 'a-short' })).to(texts('b-out'));
    input
      .pipe(
        mapValues((value) => value, { as: 'm-long' }),
        filter(() => true),
        peek(() => undefined),
      )
      .to(texts('c-out'));
    input.to(texts('d-out'));
  },
};

describe('describe() says what the JVM says', () => {
  test.each(Object.entries(topologies))('%s', (name, build) => {
    expect(topology(name, build).describe()).toBe(fixture(name));
  });

  const programs = fixture('programs').split('# program\n').slice(1);

  test('there are programs to compare', () => {
    expect(programs.length).toBeGreaterThanOrEqual(60);
  });

  test.each(programs.map((text, i) => [i, text] as const))('program %i', (i, text) => {
    const [program, expected] = text.split('# describe\n');
    expect(topology(`program-${i}`, interpret(program!)).describe()).toBe(expected);
  });
});
