import { describe, expect, test } from 'vitest';
import type { StreamRecord } from '../../src/record.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { OneTask } from './in-a-task.js';
import { runMarbles } from './run-marbles.js';
import { type CaseKit, callbackError } from './tables/marble-case.js';
import { oneFailsCases } from './tables/one-fails.js';

runMarbles('one record fails', oneFailsCases);

const kit = {} as CaseKit;
const cases = oneFailsCases.map((row) => [row.name, row] as const);

describe('the handler decides', () => {
  test.each(cases)('fail: %s stops before the record, and what came before it is out', async (_name, row) => {
    const task = await OneTask.open(row.operator(kit), new VirtualClock(), 'fail');
    for (const record of Object.values(row.records)) task.process(record);
    const expected = row.results.x === undefined ? [] : [row.results.x];
    expect(recordsOf(task)).toEqual(expected);
    expect(task.stopped?.cause).toBe(callbackError);
    expect(task.stopped?.position).toEqual({ topic: 'in', partition: 0, offset: 1 });
    task.close();
  });

  test.each(cases)('dead-letter: of %s the record itself, and the others go on', async (_name, row) => {
    const task = await OneTask.open(row.operator(kit), new VirtualClock(), 'dead-letter');
    for (const record of Object.values(row.records)) task.process(record);
    const { x, z } = row.results;
    expect(recordsOf(task)).toEqual([x, z].filter((record) => record !== undefined));
    expect(task.deadLetters).toEqual([row.records.b]);
    task.close();
  });
});

function recordsOf(task: OneTask): readonly StreamRecord[] {
  return task.released.flatMap((happening) => (happening.kind === 'record' ? [happening.record as StreamRecord] : []));
}
