/** Compares what came with what a diagram says, and says how they differ. */
import { AssertionError } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { asError } from '../errors.js';
import { differences, shown } from './differences.js';
import { type Happening, Letters, writeDiagram } from './happenings.js';

/** Stands for an error that the test does not describe. */
export const ANY_ERROR = Symbol('any error');

/**
 * @param expected in order; its errors may be regular expressions of messages
 * @param records the letters that the test uses
 * @throws AssertionError with both diagrams, the first difference and its frame
 */
export function compareRecords(
  expected: readonly Happening[],
  actual: readonly Happening[],
  records: Readonly<Record<string, unknown>>,
): void {
  const different = Array.from({ length: Math.max(expected.length, actual.length) }, (_, i) => i).find(
    (i) => !isSame(expected[i], actual[i]),
  );
  if (different === undefined) return;
  const letters = new Letters(records);
  const diagrams = [
    `  expected  ${writeDiagram(expected, letters)}`,
    `  actual    ${writeDiagram(actual, letters)}`,
    ...letters.legend().map((line) => `  ${line}`),
  ];
  const lines = ['the records are not those of the diagram', ...diagrams];
  lines.push(...firstDifference(expected[different], actual[different], letters));
  throw new AssertionError({ message: lines.join('\n'), operator: 'toBe' });
}

function firstDifference(
  expected: Happening | undefined,
  actual: Happening | undefined,
  letters: Letters,
): readonly string[] {
  if (actual === undefined) {
    const { frame } = expected as Happening;
    return [`frame ${frame}: nothing came, expected ${nameOf(expected as Happening, letters)}`];
  }
  const came = nameOf(actual, letters);
  if (expected === undefined) return [`frame ${actual.frame}: ${came} came, expected nothing more`];
  const wanted = nameOf(expected, letters);
  const sameThing = isSame({ ...expected, frame: actual.frame }, actual);
  if (sameThing) return [`${came} came at frame ${actual.frame}, expected at frame ${expected.frame}`];
  const where = expected.frame === actual.frame ? '' : ` at frame ${expected.frame}`;
  const header = `frame ${actual.frame}: ${came} came, expected ${wanted}${where}`;
  if (expected.kind !== 'record' || actual.kind !== 'record') return [header];
  return [header, ...differences(expected.record, actual.record).map((line) => `  ${line}`)];
}

function nameOf(happening: Happening, letters: Letters): string {
  if (happening.kind === 'complete') return 'the end (|)';
  if (happening.kind === 'record') return letters.of(happening);
  return happening.error === ANY_ERROR ? 'an error (#)' : `the error ${shown(happening.error)} (#)`;
}

function isSame(expected: Happening | undefined, actual: Happening | undefined): boolean {
  if (expected?.kind !== 'error' || actual?.kind !== 'error') return isDeepStrictEqual(expected, actual);
  return expected.frame === actual.frame && isError(expected.error, actual.error);
}

function isError(expected: unknown, actual: unknown): boolean {
  if (expected === ANY_ERROR) return true;
  if (expected instanceof RegExp) return expected.test(asError(actual).message);
  return isDeepStrictEqual(expected, actual);
}
