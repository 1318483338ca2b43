/** What building a topology gives, and what it refuses. */
import { map as rxMap } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { TopologyError } from '../../src/errors.js';
import { compose } from '../../src/operators/compose.js';
import { filter } from '../../src/operators/filter.js';
import { flatMap } from '../../src/operators/flat-map.js';
import { foreach } from '../../src/operators/foreach.js';
import { map } from '../../src/operators/map.js';
import { mapAsync } from '../../src/operators/map-async.js';
import { mapValues } from '../../src/operators/map-values.js';
import { peek } from '../../src/operators/peek.js';
import { processValues } from '../../src/operators/process-values.js';
import { selectKey } from '../../src/operators/select-key.js';
import { operator } from '../../src/operators/user-operator.js';
import type { StreamRecord } from '../../src/record.js';
import { string } from '../../src/serde/primitives.js';
import { nullable } from '../../src/serde/shape.js';
import { keyValueStore } from '../../src/state/declare.js';
import { otherwise } from '../../src/topology/split.js';
import type { Stream } from '../../src/topology/stream.js';
import { topic } from '../../src/topology/topic.js';
import { type TopologyBuilder, topology } from '../../src/topology/topology.js';
import { texts } from './topics.js';

const keeping = (store: string, as?: string) =>
  processValues<string, string, string>({
    ...(as === undefined ? {} : { as }),
    stores: [keyValueStore(store)],
    process: (record, context) => context.forward(record.value),
  });
const same = () => mapValues<string, string, string>((value) => value);
const asynchronous = (as: string) => mapAsync<string, string, string>(async (value) => value, { as });
type TextRecord = StreamRecord<string, string>;

const withoutTypes = (value: unknown) => value as never;

/** The error that a topology is refused with. */
function refusal(build: (builder: TopologyBuilder) => void, name = 'refused'): TopologyError {
  try {
    topology(name, build);
  } catch (error) {
    expect(error).toBeInstanceOf(TopologyError);
    return error as TopologyError;
  }
  throw new Error('the topology was accepted');
}

describe('a topology is data', () => {
  const built = topology('two-parts', ({ stream }) => {
    const cars = stream(texts('cars'), { as: 'cars-in', offsetReset: 'earliest', timestampExtractor: () => 5 });
    const { petrol, rest } = cars.split({ petrol: (fuel) => fuel === 'petrol', rest: () => true }, { as: 'by-' });
    petrol.pipe(keeping('seen', 'see')).to(texts('petrol'), { as: 'petrol-out' });
    rest.to(() => texts('x'), { possible: [texts('x'), texts('y')], as: 'rest-out' });
    stream(texts('vans')).pipe(foreach(() => undefined, { as: 'look' }));
  });

  test('its parts are what is connected, parents before children', () => {
    expect(built.subtopologies.map(({ id, nodes }) => [id, nodes.map(({ name }) => name)])).toEqual([
      [0, ['cars-in', 'by-', 'by-petrol', 'by-rest', 'see', 'petrol-out', 'rest-out']],
      [1, ['KSTREAM-SOURCE-0000000006', 'look']],
    ]);
    expect(built.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['cars'], ['vans']]);
    expect(built.subtopologies.map(({ stores }) => stores.map(({ name }) => name))).toEqual([['seen'], []]);
  });

  test('it knows every declared topic, also those that a sink may choose', () => {
    expect([...built.topics.keys()].sort()).toEqual(['cars', 'petrol', 'vans', 'x', 'y']);
  });

  test('a source keeps what it was told', () => {
    const source = built.subtopologies[0]?.nodes[0];
    expect(source).toMatchObject({ role: 'source', offsetReset: 'earliest', parents: [], children: ['by-'] });
    expect(source?.role === 'source' && source.timestampExtractor?.({} as StreamRecord, 0)).toBe(5);
  });

  test('it is frozen', () => {
    const [first] = built.subtopologies;
    for (const part of [built, built.subtopologies, first, first?.nodes, first?.nodes[0], first?.nodes[0]?.children]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('a composed operator gives all its nodes', () => {
    const { subtopologies } = topology('composed', ({ stream }) =>
      stream(texts('in'))
        .pipe(compose(same(), compose(same(), same())))
        .to(texts('out')),
    );
    expect(subtopologies[0]?.nodes).toHaveLength(5);
  });

  test('a sink that chooses by a function without a name says so', () => {
    const { describe } = topology('anonymous', ({ stream }) =>
      stream(texts('in')).to(
        (
          () => () =>
            texts('out')
        )(),
        { possible: [texts('out')] },
      ),
    );
    expect(describe()).toContain('(extractor class: anonymous)');
  });
});

describe('names', () => {
  test.each(['', 'a b', 'a/b', 'ü', '.', '..', 'x'.repeat(250)])('%j is no name', (name) => {
    expect(refusal(({ stream }) => stream(texts('in'), { as: name }).to(texts('out'))).message).toMatch(/name/);
    expect(() => topology(name, ({ stream }) => stream(texts('in')).to(texts('out')))).toThrow(TopologyError);
  });

  test('249 characters are a name', () => {
    const name = 'x'.repeat(249);
    expect(topology(name, ({ stream }) => stream(texts('in'), { as: name }).to(texts('out'))).name).toBe(name);
  });

  test('two nodes of one name are refused', () => {
    const error = refusal(({ stream }) =>
      stream(texts('in'))
        .pipe(
          filter(() => true, { as: 'twice' }),
          filter(() => true, { as: 'twice' }),
        )
        .to(texts('out')),
    );
    expect(error.message).toMatch(/two nodes are named 'twice'/);
    expect(error.node).toBe('twice');
  });

  test('a given name may not be one that is generated', () => {
    expect(
      refusal(({ stream }) =>
        stream(texts('in'))
          .pipe(
            same(),
            mapValues((value) => value, { as: 'KSTREAM-MAPVALUES-0000000001' }),
          )
          .to(texts('out')),
      ).message,
    ).toMatch(/two nodes/);
  });
});

describe('topics', () => {
  test('text in place of a declaration is refused', () => {
    expect(refusal(({ stream }) => stream(withoutTypes('cars'))).message).toMatch(/the text 'cars' for a topic/);
    const error = refusal(({ stream }) => stream(texts('in')).to(withoutTypes('out'), { as: 'write' }));
    expect(error.message).toMatch(/'write' was given the text 'out'/);
    expect(error.node).toBe('write');
  });

  test.each([undefined, null, {}, { name: 'cars' }, 7])('%j is not a declaration', (value) => {
    expect(refusal(({ stream }) => stream(withoutTypes(value))).message).toMatch(/for a topic/);
  });

  test('a topic is read once', () => {
    const error = refusal(({ stream }) => {
      stream(texts('in'), { as: 'first' }).to(texts('out'));
      stream([texts('other'), texts('in')], { as: 'second' }).to(texts('out'));
    });
    expect(error.message).toMatch(/'in' is read by two sources, 'first' and 'second'/);
  });

  test('also not twice by one source', () => {
    expect(refusal(({ stream }) => stream([texts('in'), texts('in')]).to(texts('out'))).message).toMatch(/two sources/);
  });

  test('a source reads at least one topic', () => {
    expect(refusal(({ stream }) => stream([]).pipe(foreach(() => undefined))).message).toMatch(/reads no topics/);
  });

  test('two declarations of one topic must be equal', () => {
    const other = topic('in', { key: string(), value: nullable(string()) });
    const error = refusal(({ stream }) => stream(texts('in')).to(other, { as: 'write' }));
    expect(error.message).toMatch(/'write' uses a declaration of the topic 'in' that differs/);
  });

  test('a sink may not choose among nothing', () => {
    expect(refusal(({ stream }) => stream(texts('in')).to(() => texts('a'), { possible: [] })).message).toMatch(
      /chooses among no topics/,
    );
  });
});

describe('streams', () => {
  test('a topology without streams is refused', () => {
    expect(refusal(() => undefined, 'nothing').message).toMatch(/'nothing' is empty/);
  });

  test.each<[string, (builder: TopologyBuilder) => void, string]>([
    ['a source', ({ stream }) => stream(texts('in'), { as: 'end' }), 'end'],
    ['an operator', ({ stream }) => stream(texts('in')).pipe(peek(() => undefined, { as: 'end' })), 'end'],
    [
      'a branch',
      ({ stream }) => {
        const { used } = stream(texts('in')).split({ used: () => true, unused: () => true }, { as: 'by-' });
        used.to(texts('out'));
      },
      'by-unused',
    ],
  ])('%s that goes nowhere is refused', (_what, build, node) => {
    const error = refusal(build);
    expect(error.message).toMatch(new RegExp(`the stream after '${node}' goes nowhere`));
    expect(error.node).toBe(node);
  });

  test('nothing follows foreach', () => {
    expect(
      refusal(({ stream }) =>
        withoutTypes(
          stream(texts('in')).pipe(
            foreach(() => undefined, { as: 'end' }),
            withoutTypes(same()),
          ),
        ),
      ).message,
    ).toMatch(/'end' is a foreach/);
  });

  test('pipe takes operators of millrace only', () => {
    expect(refusal(({ stream }) => stream(texts('in')).pipe(withoutTypes(rxMap((x) => x)))).message).toMatch(
      /Wrap an operator of RxJS as rx/,
    );
    expect(refusal(({ stream }) => withoutTypes(stream(texts('in')).pipe as () => unknown)).message).toMatch(/nowhere/);
  });

  test('a stream does not merge with itself, nor with one of another topology', () => {
    expect(
      refusal(({ stream }) => {
        const cars = stream(texts('in'));
        cars.merge(cars);
      }).message,
    ).toMatch(/with itself/);
    let foreign: Stream<string, string> | undefined;
    topology('other', ({ stream }) => {
      foreign = stream(texts('in'));
      foreign.to(texts('out'));
    });
    expect(refusal(({ stream }) => stream(texts('in')).merge(foreign as Stream<string, string>)).message).toMatch(
      /not a stream of this topology/,
    );
  });

  test('a stream is used up when its topology is finished', () => {
    let kept: Stream<string, string> | undefined;
    topology('finished', ({ stream }) => {
      kept = stream(texts('in'));
      kept.to(texts('out'));
    });
    expect(() => kept?.to(texts('late'))).toThrow(/'finished' is finished/);
    expect(() => kept?.pipe(same())).toThrow(/'finished' is finished/);
  });

  test('an asynchronous callback is refused', () => {
    expect(
      refusal(async ({ stream }) => {
        stream(texts('in')).to(texts('out'));
      }).message,
    ).toMatch(/is asynchronous/);
  });
});

describe('splits', () => {
  const splitting = (branches: Readonly<Record<string, () => boolean>>) =>
    refusal(({ stream }) => stream(texts('in')).split(branches)).message;

  test('need a branch', () => expect(splitting({})).toMatch(/no branches/));
  test('refuse numbers for names: JavaScript would reorder them', () =>
    expect(splitting({ b: () => true, 1: () => true })).toMatch(/branch named '1'/));
  test('need predicates', () => expect(splitting({ a: withoutTypes('a') })).toMatch(/'a' of .* needs a predicate/));
  test('keep the default branch last', () =>
    expect(splitting({ rest: otherwise, a: () => true })).toMatch(/followed by the branch 'a'.*put it last/));
  test('need names that make names of nodes', () => expect(splitting({ 'a b': () => true })).toMatch(/cannot name/));
});

describe('stores', () => {
  test('a store is used by one node', () => {
    const store = keyValueStore<string, string>('shared');
    const using = (as: string) =>
      operator<TextRecord, TextRecord>(as, { stores: [store], process: (record, { forward }) => forward(record) });
    const error = refusal(({ stream }) => stream(texts('in')).pipe(using('one'), using('two')).to(texts('out')));
    expect(error.message).toMatch(/the store 'shared' is used twice, by 'one' and 'two'/);
    expect(error.node).toBe('two');
  });

  const changers = {
    map: map<string, string, string, string>((value) => [value, value], { as: 'change' }),
    flatMap: flatMap<string, string, string, string>((value) => [[value, value]], { as: 'change' }),
    selectKey: selectKey<string, string, string>((value) => value, { as: 'change' }),
    operator: operator<TextRecord, TextRecord>('change', {
      keys: 'changed',
      process: (record, { forward }) => forward(record),
    }),
  };
  test.each(Object.entries(changers))('a store behind %s needs repartitioning', (_name, changer) => {
    const error = refusal(({ stream }) =>
      stream(texts('in')).pipe(changer, same(), keeping('counts', 'count')).to(texts('out')),
    );
    expect(error.message).toMatch(/'count' keeps the store 'counts' by key, and 'change' before it changes keys/);
    expect(error.message).toMatch(
      /needs repartition, which is not there yet; key the source topic, or write to a topic/,
    );
  });

  test('also when only one side of a merge changes keys', () => {
    const error = refusal(({ stream }) =>
      stream(texts('in'))
        .merge(stream(texts('other')).pipe(selectKey((value) => value, { as: 'change' })))
        .pipe(keeping('counts'))
        .to(texts('out')),
    );
    expect(error.message).toMatch(/'change' before it changes keys/);
  });

  test('a store before the change of keys is accepted, and one behind a topic', () => {
    const { subtopologies } = topology('repartitioned-by-hand', ({ stream }) => {
      stream(texts('in'))
        .pipe(
          keeping('before'),
          selectKey((value) => value),
        )
        .to(texts('between'));
      stream(texts('between')).pipe(keeping('after')).to(texts('out'));
    });
    expect(subtopologies).toHaveLength(2);
  });
});

describe('order behind asynchronous operators', () => {
  type Texts = Stream<string, string>;

  test.each<[string, (cars: Texts, vans: Texts) => Texts]>([
    ['a bypass', (cars, vans) => cars.merge(vans.pipe(asynchronous('ask'))).pipe(keeping('counts', 'count'))],
    [
      'a bypass of the same source',
      (cars, vans) =>
        cars
          .merge(cars.pipe(asynchronous('ask')))
          .merge(vans.pipe(asynchronous('also')))
          .pipe(keeping('counts', 'count')),
    ],
    [
      'two different ones',
      (cars, vans) =>
        cars
          .pipe(asynchronous('ask'))
          .merge(vans.pipe(asynchronous('other')))
          .pipe(keeping('counts', 'count')),
    ],
    [
      'an asynchronous operator',
      (cars, vans) => cars.merge(vans.pipe(asynchronous('ask'))).pipe(asynchronous('count')),
    ],
    [
      'something in between',
      (cars, vans) => cars.merge(vans.pipe(asynchronous('ask'), same())).pipe(same(), keeping('counts', 'count')),
    ],
  ])('a store or an asynchronous operator behind %s is refused', (_what, build) => {
    const error = refusal(({ stream }) => build(stream(texts('cars')), stream(texts('vans'))).to(texts('out')));
    expect(error.message).toMatch(/is reached from both sides of an asynchronous operator, '(ask|other)'/);
    expect(error.node).toBe('count');
  });

  test.each<[string, (cars: Texts, vans: Texts) => Texts]>([
    ['only synchronous operators join', (cars, vans) => cars.pipe(asynchronous('ask')).merge(vans).pipe(same())],
    ['all pass the same one', (cars, vans) => cars.merge(vans).pipe(asynchronous('ask'), keeping('counts'))],
    [
      'paths part and join behind it',
      (cars, vans) => {
        const asked = cars.merge(vans).pipe(asynchronous('ask'));
        return asked.pipe(same()).merge(asked).pipe(keeping('counts'));
      },
    ],
    [
      'the store is before it',
      (cars, vans) => cars.pipe(keeping('counts'), asynchronous('ask')).merge(vans.pipe(asynchronous('other'))),
    ],
  ])('accepted where %s', (_what, build) => {
    const built = topology('ordered', ({ stream }) =>
      build(stream(texts('cars')), stream(texts('vans'))).to(texts('out')),
    );
    expect(built.subtopologies).toHaveLength(1);
  });
});
