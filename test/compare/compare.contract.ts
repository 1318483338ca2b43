/** Comparing two topics, against what was computed by hand. On every broker. */
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../src/brokers/port.js';
import { compare } from '../../src/compare/index.js';
import { int32, string, struct } from '../../src/serde/connect-schema.js';
import { connectJsonEncoding } from '../../src/serde/encoding.js';

type Put = readonly [key: unknown, value: unknown, more?: { readonly lsn?: string; readonly timestamp?: number }];

export function compareContract(name: string, broker: () => Broker): void {
  let topics = 0;
  const filled = async (puts: readonly Put[], partitions = 2): Promise<{ broker: Broker; topic: string }> => {
    topics += 1;
    const topic = `compared-${topics}`;
    const admin = await broker().admin();
    await admin.createTopics([{ topic, partitions }]);
    await admin.close();
    const producer = await broker().producer({});
    const json = (value: unknown) => (value === null ? null : Buffer.from(JSON.stringify(value)));
    for (const [key, value, { lsn, timestamp = 1_000 } = {}] of puts) {
      const headers = lsn === undefined ? [] : [{ key: '__lsn', value: Buffer.from(lsn) }];
      producer.produce({ topic, partition: undefined, key: json(key), value: json(value), timestamp, headers });
    }
    await producer.flush(30_000);
    await producer.close();
    return { broker: broker(), topic };
  };

  describe(`${name}: compare`, () => {
    test('equal, changed, only here, only there, and the differences of numbers', async () => {
      const here = await filled([
        [{ id: 1 }, { model: 'Focus', price: 100 }],
        [{ id: 2 }, { model: 'Fiesta', price: 200 }],
        [{ id: 3 }, { model: 'Ka', price: 300 }],
        [{ id: 4 }, { model: 'Mondeo', price: 400 }],
        [{ id: 5 }, { model: 'gone', price: 1 }],
        [{ id: 5 }, null],
      ]);
      const there = await filled([
        [{ id: 1 }, { model: 'Focus', price: 7 }],
        [{ id: 1 }, { model: 'Focus', price: 100 }],
        [{ id: 2 }, { model: 'Fiesta', price: 210 }],
        [{ id: 3 }, { model: 'Kuga', price: 270 }],
        [{ id: 6 }, { model: 'Puma', price: 600 }],
      ]);
      const report = await compare(here, there);
      expect(report).toMatchObject({ joinedBy: 'key', joined: 3, equal: 1, changed: 2, onlyHere: 1, onlyThere: 1 });
      expect([report.here.records, report.there.records, report.there.replaced]).toEqual([6, 5, 1]);
      // there - here: 0, 10, -30
      expect(report.fields.price).toMatchObject({
        changed: 2,
        difference: { count: 3, mean: -20 / 3, meanAbsolute: 40 / 3, min: -30, max: 10, median: 0, maxAbsolute: 30 },
      });
      expect(report.fields.price?.difference?.percentiles).toMatchObject({ p25: -15, p75: 5 });
      expect(report.fields.model).toEqual({ changed: 1, difference: undefined });
      expect(report.examples.onlyHere.map(({ key }) => key)).toEqual([{ id: 4 }]);
      expect(report.examples.onlyThere.map(({ value }) => value)).toEqual([{ model: 'Puma', price: 600 }]);
      const ka = report.examples.changed.find(({ key }) => (key as { id: number }).id === 3);
      expect(ka?.fields).toEqual({ model: { here: 'Ka', there: 'Kuga' }, price: { here: 300, there: 270 } });
    });

    test('a tolerance makes near numbers equal, and ignored fields are not looked at', async () => {
      const here = await filled([
        ['a', { price: 1, seen: 1 }],
        ['b', { price: 1, seen: 1 }],
      ]);
      const there = await filled([
        ['a', { price: 1.04, seen: 2 }],
        ['b', { price: 1.06, seen: 2 }],
      ]);
      const report = await compare(here, there, { tolerance: 0.05, ignore: ['seen'] });
      expect(report).toMatchObject({ equal: 1, changed: 1 });
      expect(Object.keys(report.fields)).toEqual(['price']);
    });

    test('each change of a key where both carry its position in the log', async () => {
      const changes = (prices: readonly number[]) =>
        filled(prices.map((price, i) => ['a', { price }, { lsn: `${i}` }]));
      const report = await compare(await changes([1, 2, 3]), await changes([1, 5]));
      expect(report).toMatchObject({ joinedBy: 'header:__lsn', joined: 2, equal: 1, changed: 1, onlyHere: 1 });
      const latest = await compare(await changes([1, 2, 3]), await changes([1, 5]), { by: 'key' });
      expect(latest).toMatchObject({ joined: 1, changed: 1, onlyHere: 0 });
    });

    test('only the part that is asked for, by time and by offset', async () => {
      const puts = [1, 2, 3, 4].map((n): Put => [`k${n}`, { n }, { timestamp: n * 1_000 }]);
      const here = await filled(puts, 1);
      const there = await filled(puts.slice(1, 3), 1);
      const range = { from: { kind: 'time', timestamp: 2_000 }, to: { kind: 'offset', offset: 3 } } as const;
      expect(await compare({ ...here, ...range }, there)).toMatchObject({
        joined: 2,
        equal: 2,
        onlyHere: 0,
        onlyThere: 0,
      });
    });

    test('a topic with schemas against one without: values are compared, not bytes', async () => {
      const plain = await filled([['a', { n: 5 }]]);
      const { topic } = await filled([]);
      const serde = connectJsonEncoding.values<unknown>('value');
      const producer = await broker().producer({});
      const schema = struct('Row', { n: int32 });
      const value = serde.serialize({ n: 5 }, { topic, headers: [], schema });
      const key = serde.serialize('a', { topic, headers: [], schema: string });
      producer.produce({ topic, partition: undefined, key, value, timestamp: 1, headers: [] });
      await producer.flush(30_000);
      await producer.close();
      expect(await compare(plain, { broker: broker(), topic })).toMatchObject({ joined: 1, equal: 1, changed: 0 });
    });
  });
}
