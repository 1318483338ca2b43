/** Every operator has a table, run by hand and in a task by the test of its name. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const operators = readdirSync(new URL('../../src/operators/', import.meta.url)).filter((file) => {
  const source = readFileSync(new URL(`../../src/operators/${file}`, import.meta.url), 'utf8');
  return file !== 'operator.ts' && /\b(operatorOf|withNodes)\b/.test(source);
});

test('operators are found', () => expect(operators.length).toBeGreaterThan(15));

test.each(operators)('%s', (file) => {
  const spec = readFileSync(new URL(file.replace('.ts', '.test.ts'), import.meta.url), 'utf8');
  expect(spec).toMatch(new RegExp(`from './tables/${file.replace('.ts', '.js')}'`));
  expect(spec).toMatch(/^runMarbles\(/m);
});
