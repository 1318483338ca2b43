/** Runs tables of cases on Observables, in RxJS's virtual time. */
import type { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import type { Operator } from '../../src/operators/operator.js';
import type { StreamRecord } from '../../src/record.js';
import { type MarbleCase, sourceError } from './tables/marble-case.js';

export function runMarbles(operator: string, cases: readonly MarbleCase[]): void {
  describe(operator, () => {
    test.each(cases.map((row) => [row.name, row] as const))('%s', (_name, row) => {
      const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
      scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold(row.input, row.records, sourceError);
        const apply = row.operator() as unknown as Operator<StreamRecord, StreamRecord>;
        const result: Observable<StreamRecord> = apply(source);
        expectObservable(result, row.unsubscribe).toBe(row.expected, row.results, row.error ?? sourceError);
        if (row.subscribed !== undefined) expectSubscriptions(source.subscriptions).toBe(row.subscribed);
      });
    });
  });
}
