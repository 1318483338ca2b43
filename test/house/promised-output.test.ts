import { expect, test } from 'vitest';
import { brokenPromise, promisedOutput } from '../../scripts/promised-output.js';

const example = `/**
 * Shows something.
 *
 *     npx tsx examples/01.ts
 *
 * prints
 *
 *     one
 *       two of …
 *     …
 *     last
 */
import 'x';

/** prints
 *
 *     nothing of this
 */
`;
const promised = ['one', '  two of …', '…', 'last'];

test('the promise is what follows "prints" in the first comment', () => {
  expect(promisedOutput(example)).toEqual(promised);
  expect(promisedOutput('/**\n * Shows nothing.\n */')).toEqual([]);
  expect(promisedOutput("import 'x';")).toEqual([]);
});

test.each([
  ['as it is', 'one\n  two of 2\nlast\n', undefined],
  ['lines between', 'one\n  two of 2\nx\ny\nlast\n', undefined],
  ['a line differs', 'one\n  too of 2\nlast\n', '  two of …'],
  ['a line is missing', 'one\n  two of 2\nx\n', 'last'],
  ['more than promised', 'one\n  two of 2\nlast\nmore\n', '(the end, before: more)'],
  ['nothing', '', 'one'],
])('%s', (_name, output, broken) => {
  expect(brokenPromise(promised, output)).toBe(broken);
});

test('dots and brackets stand for themselves', () => {
  expect(brokenPromise(['a.b (c)'], 'a.b (c)\n')).toBeUndefined();
  expect(brokenPromise(['a.b (c)'], 'axb (c)\n')).toBe('a.b (c)');
});

test('the rest is left open by a last …', () => {
  expect(brokenPromise(['one', '…'], 'one\ntwo\nthree\n')).toBeUndefined();
});
