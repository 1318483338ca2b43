/** Runs tables of cases twice, in virtual time: on Observables, and in a task. */
import { describe, expect, test } from 'vitest';
import type { Operator } from '../../src/operators/operator.js';
import type { StreamRecord } from '../../src/record.js';
import { compareRecords } from '../../src/testing/expected-records.js';
import { fake } from '../../src/testing/fake.js';
import { FrameScheduler } from '../../src/testing/frame-scheduler.js';
import { type Happening, parseDiagram } from '../../src/testing/happenings.js';
import { marbles } from '../../src/testing/marbles.js';
import { OneTask } from './in-a-task.js';
import { type CaseKit, type MarbleCase, sourceError } from './tables/marble-case.js';

export function runMarbles(operator: string, cases: readonly MarbleCase[]): void {
  describe(operator, () => {
    test.each(cases.map((row) => [row.name, row] as const))('%s', (_name, row) => byHand(row)());
  });
  describe(`${operator}, in a task`, () => {
    test.each(cases.filter(canBeInATask).map((row) => [row.name, row] as const))('%s', (_name, row) => inATask(row));
  });
}

/** A source that fails and a subscriber that leaves are an Observable's affairs. */
function canBeInATask({ input, unsubscribe }: MarbleCase): boolean {
  return !input.includes('#') && unsubscribe === undefined;
}

function byHand(row: MarbleCase): () => Promise<void> {
  return marbles(({ cold, clock, fake, stores, expectRecords, expectSubscriptions }) => {
    const checks: (() => void)[] = [];
    const kit: CaseKit = { clock, fake, stores, afterwards: (check) => checks.push(check) };
    const source = cold(row.input, row.records, sourceError);
    const apply = row.operator(kit) as unknown as Operator<StreamRecord, StreamRecord>;
    const result = expectRecords(apply(source), row.unsubscribe);
    result.toBe(row.expected, row.results, row.error ?? sourceError);
    if (row.subscribed !== undefined) expectSubscriptions(source.subscriptions).toBe(row.subscribed);
    return () => {
      for (const check of checks) check();
    };
  });
}

async function inATask(row: MarbleCase): Promise<void> {
  const scheduler = new FrameScheduler();
  const { clock } = scheduler;
  const checks: (() => void)[] = [];
  const stores: CaseKit['stores'] = (declaration) => task.store(declaration);
  const operator = row.operator({
    clock,
    stores,
    fake(declaration, options) {
      const model = fake(declaration, options);
      model.runOn(clock);
      return model;
    },
    afterwards: (check) => checks.push(check),
  });
  const task = await OneTask.open(operator, clock);
  let expected: readonly Happening[] = [];
  await scheduler.play(() => {
    expected = parseDiagram(row.inATask?.expected ?? row.expected, row.results, undefined);
    for (const happening of parseDiagram(row.input, row.records, undefined)) {
      if (happening.kind !== 'record') continue;
      scheduler.schedule(() => task.process(happening.record as StreamRecord), happening.frame);
    }
  });
  const wanted = expected.filter(({ kind }) => kind === 'record');
  compareRecords(wanted, task.released, row.results);
  const skipped = row.inATask?.skipped ?? (row.error === undefined ? [] : [row.error]);
  expect(task.dropped.map(({ cause }) => cause)).toEqual(
    skipped.map((why) =>
      why instanceof RegExp ? expect.objectContaining({ message: expect.stringMatching(why) }) : why,
    ),
  );
  expect(task.inFlight).toBe(0);
  for (const check of checks) check();
  task.close();
}
