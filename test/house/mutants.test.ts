/** The mutants of `npm run mutants` follow the code. */
import { expect, test } from 'vitest';
import { mutants } from '../../scripts/mutants/mutants.js';
import { textOf } from './imports.js';

test.each(mutants)('what the mutant "$name" replaces is in $file once', ({ file, from, to, tests }) => {
  expect(textOf(file).split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
  for (const each of tests) expect(textOf(each)).not.toBe('');
});

test('each invariant has one', () => {
  const broken = new Set(mutants.map(({ invariant }) => invariant));
  for (let invariant = 1; invariant <= 11; invariant += 1) expect(broken).toContain(invariant);
});
