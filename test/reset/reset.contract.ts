/** Setting an application back. On every broker. */
import { describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import type { Broker, ConsumedRecord } from '../../src/brokers/port.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { readRange } from '../../src/reading/bounded-read.js';
import { type ResetOptions, resetApplication } from '../../src/reset/index.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { keyValueStore } from '../../src/state/declare.js';
import { memoryEngines } from '../../src/state/memory.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { eventually } from '../dead-letters/orders.js';

const RECORDS = 5;

export function resetContract(name: string, broker: () => Broker): void {
  let number = 0;

  /** An application that counts the records of each key, run over five records. */
  const counted = async () => {
    number += 1;
    const id = `counting-${number}`;
    const input = topic(`visits-${number}`, { key: string(), value: json<number>() });
    const output = topic(`counts-${number}`, { key: string(), value: json<number>() });
    const counts = keyValueStore<string, number>('counts');
    const counting = topology('counting', ({ stream }) => {
      stream(input)
        .pipe(
          processValues({
            stores: [counts],
            process({ key }, context: ValueProcessorContext<string, number>) {
              const count = (context.store(counts).get(key) ?? 0) + 1;
              context.store(counts).put(key, count);
              context.forward(count);
            },
          }),
        )
        .to(output);
    });
    const admin = await broker().admin();
    await admin.createTopics([input.name, output.name].map((each) => ({ topic: each, partitions: 1 })));
    await admin.close();
    const producer = await broker().producer({});
    for (let n = 0; n < RECORDS; n += 1) {
      const parts = { key: Buffer.from('k'), value: Buffer.from(`${n}`), timestamp: 1_000 * n, headers: [] };
      producer.produce({ topic: input.name, partition: undefined, ...parts });
    }
    await producer.flush(30_000);
    await producer.close();
    const application = () =>
      new Application(counting, { 'application.id': id }, { broker: broker(), engines: memoryEngines() });
    const run = async (records: number) => {
      const app = application();
      await app.start();
      await eventually(() => app.status.finished.delivered >= records);
      await app.drain();
    };
    const written = async () => {
      const all: ConsumedRecord[] = [];
      for await (const records of readRange(broker(), output.name)) all.push(...records);
      return all.map(({ value }) => Number(String(value)));
    };
    return { id, input: input.name, application, run, written };
  };

  describe(`${name}: reset`, () => {
    test('to the beginning: the changelog is gone, and counting begins again', async () => {
      const { id, input, run, written } = await counted();
      await run(RECORDS);
      const dry = await resetApplication(broker(), id, { dryRun: true });
      expect(dry).toEqual({
        offsets: [{ topic: input, partition: 0, offset: 0, before: RECORDS }],
        deletedTopics: [`${id}-counts-changelog`],
        stateRemoved: false,
      });
      expect(await resetApplication(broker(), id)).toEqual(dry);
      const admin = await broker().admin();
      expect(await admin.listTopics()).not.toContain(`${id}-counts-changelog`);
      await admin.close();
      await run(RECORDS);
      expect(await written()).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    });

    test.each<[string, ResetOptions['to'] & object, number]>([
      ['the end', { kind: 'end' }, 5],
      ['an offset', { kind: 'offset', offset: 2 }, 2],
      ['an offset beyond the end', { kind: 'offset', offset: 99 }, 5],
      ['a time', { kind: 'time', timestamp: 2_500 }, 3],
      ['a time behind all', { kind: 'time', timestamp: 9_000 }, 5],
      ['a shift', { kind: 'shift', by: -2 }, 3],
      ['a shift beyond the beginning', { kind: 'shift', by: -99 }, 0],
    ])('to %s', async (_what, to, expected) => {
      const { id, run } = await counted();
      await run(RECORDS);
      expect((await resetApplication(broker(), id, { to })).offsets.map(({ offset }) => offset)).toEqual([expected]);
      const again = await resetApplication(broker(), id, { to: { kind: 'shift', by: 0 }, dryRun: true });
      expect(again.offsets[0]).toMatchObject({ before: expected });
    });

    test('while it runs nothing is reset, and a dry run says so too', async () => {
      const { id, application } = await counted();
      const app = application();
      await app.start();
      await eventually(() => app.status.finished.delivered >= RECORDS);
      await expect(resetApplication(broker(), id)).rejects.toThrow(/still active.*Stop all instances/s);
      await expect(resetApplication(broker(), id, { dryRun: true })).rejects.toThrow(/still active/);
      const admin = await broker().admin();
      expect(await admin.listTopics()).toContain(`${id}-counts-changelog`);
      await admin.close();
      await app.drain();
      expect((await resetApplication(broker(), id)).offsets[0]).toMatchObject({ before: RECORDS, offset: 0 });
    });

    test('what is not there is named', async () => {
      await expect(resetApplication(broker(), 'nobody')).rejects.toThrow(/nothing of an application 'nobody'/);
      await expect(resetApplication(broker(), 'nobody', { inputTopics: ['none'] })).rejects.toThrow(
        /none: there is no/,
      );
    });
  });
}
