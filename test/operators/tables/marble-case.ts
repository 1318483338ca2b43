/**
 * Cases of operators as data: an input in marbles and what must come out, so that the same table can be run on an
 * Observable and in a task.
 */
import type { Operator } from '../../../src/operators/operator.js';
import type { StreamRecord } from '../../../src/record.js';
import type { MarbleHelpers } from '../../../src/testing/marbles.js';

/** What a case may use, the same by hand and in a task: virtual time, models, a look into the stores. */
export interface CaseKit extends Pick<MarbleHelpers, 'clock' | 'fake' | 'stores'> {
  /** Checks something when all frames are played. */
  afterwards(check: () => void): void;
}

export interface MarbleCase {
  readonly name: string;
  readonly operator: (kit: CaseKit) => Operator<never, StreamRecord>;
  /** Marbles of the source; `#` is the source's error. */
  readonly input: string;
  readonly records: Readonly<Record<string, StreamRecord>>;
  /** Marbles of the result; `#` is `error`. */
  readonly expected: string;
  readonly results: Readonly<Record<string, StreamRecord>>;
  /** What errors the result, or a part of its message. Default: the source's error. */
  readonly error?: Error | RegExp;
  /**
   * What is different in a task whose handler skips records that fail, and goes on: the marbles of the result, and why
   * records were skipped. Default: `expected` without its end, and `error`.
   */
  readonly inATask?: { readonly expected: string; readonly skipped?: readonly (Error | RegExp)[] };
  /** When the subscriber leaves, in marbles. */
  readonly unsubscribe?: string;
  /** How long the source must have been subscribed, in marbles. */
  readonly subscribed?: string;
}

/** The error of a source, in the cases that have one. */
export const sourceError = new Error('the source failed');

/** The error of a callback, in the cases that have one. */
export const callbackError = new Error('the callback failed');

/** Never returns. */
export function throwing(): never {
  throw callbackError;
}

/** Frames that each record takes in the usual cases: room for a group of four in the result. */
const FRAMES = 6;

export interface UsualParts {
  readonly operator: MarbleCase['operator'];
  /** The records that the source emits. The usual cases use all of them in their order. */
  readonly records: Readonly<Record<string, StreamRecord>>;
  /** What comes out for each: marbles of one moment, as `x`, `(xy)` or nothing. */
  readonly gives: Readonly<Record<string, string>>;
  readonly results: Readonly<Record<string, StreamRecord>>;
}

/** The cases that every synchronous operator has: empty, never, one, many, at once, an error, an early end. */
export function usualCases(parts: UsualParts): readonly MarbleCase[] {
  const letters = Object.keys(parts.records);
  const [first] = letters as [string];
  const input = (of: readonly string[]) => of.map((letter) => letter.padEnd(FRAMES, '-')).join('');
  const output = (of: readonly string[]) => of.map((letter) => parts.gives[letter]!.padEnd(FRAMES, '-')).join('');
  const atOnce = letters.map((letter) => parts.gives[letter]!.replace(/[()]/g, '')).join('');
  const early = letters.slice(0, -1);
  const { operator, records, results } = parts;
  const usual = { operator, records, results };
  const whole = `^${'-'.repeat(letters.length * FRAMES - 1)}!`;
  const part = `^${'-'.repeat(Math.max(early.length * FRAMES - 1, 0))}!`;
  return [
    { ...usual, name: 'empty: completes', input: '|', expected: '|', subscribed: '(^!)' },
    { ...usual, name: 'never: stays open', input: '-', expected: '-', subscribed: '^' },
    { ...usual, name: 'one', input: `${input([first])}|`, expected: `${output([first])}|` },
    { ...usual, name: 'many', input: `${input(letters)}|`, expected: `${output(letters)}|`, subscribed: whole },
    { ...usual, name: 'many at once', input: `(${letters.join('')}|)`, expected: `(${atOnce}|)` },
    {
      ...usual,
      name: 'the source fails',
      input: `${input(letters)}#`,
      expected: `${output(letters)}#`,
      subscribed: whole,
    },
    {
      ...usual,
      name: 'the subscriber leaves early',
      input: `${input(letters)}|`,
      expected: output(early),
      unsubscribe: part,
      subscribed: part,
    },
  ];
}

/** A callback that throws errors the stream, and ends the subscription of the source. */
export function throwingCase(operator: MarbleCase['operator'], record: StreamRecord): MarbleCase {
  return {
    name: 'the callback throws',
    operator,
    input: '--a--|',
    records: { a: record },
    expected: '--#',
    results: {},
    error: callbackError,
    subscribed: '^-!',
  };
}
