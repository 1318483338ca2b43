/** docs/testing.md shows nothing that is not run: its code is that of guide.test.ts, word for word. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const guide = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8');
const tests = readFileSync(new URL('./guide.test.ts', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/^```ts\n(.*?)\n```$/gms)].map(([, code]) => code!);

test('the guide has examples', () => expect(examples.length).toBeGreaterThan(8));

test.each(examples.map((code) => [code.split('\n').slice(0, 2).join(' '), code] as const))('%s', (_start, code) => {
  expect(tests).toContain(code);
});

test('every test of the guide is in it', () => {
  const names = [...tests.matchAll(/^test\(\s*'([^']+)'/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(guide).toContain(`'${name}'`);
});
