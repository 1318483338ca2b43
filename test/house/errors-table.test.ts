/** The table of what may be broken in `docs/errors.md` names tests that there are. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const docs = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const [, section = ''] = docs.split('## When something else is broken');
const rows = section
  .split('\n## ')[0]!
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what |'));

test.each(rows.map((row) => row.split('|').map((cell) => cell.trim())))('%s %s', (_start, _what, _said, tests) => {
  const named = [...tests!.matchAll(/`([\w/-]+)`/g)].map(([, path]) => path);
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) {
    const places = [`../${path}.test.ts`, `../${path}`].map((place) => new URL(place, import.meta.url));
    expect(
      places.some((place) => existsSync(place)),
      `test/${path}`,
    ).toBe(true);
  }
});

test('has a row for each thing that may be broken', () => {
  expect(rows.length).toBeGreaterThan(10);
});
