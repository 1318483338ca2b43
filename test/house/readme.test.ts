/** The README shows what is in the repository, and nothing that is not. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const readme = readFileSync(at('README.md'), 'utf8');
const scripts = Object.keys(JSON.parse(readFileSync(at('package.json'), 'utf8')).scripts);

/** Code blocks that name a file after their language: they are in it, word for word. */
const quoted = [...readme.matchAll(/^```ts (\S+)\n([\s\S]*?)^```$/gm)].map(([, file, code]) => [file!, code!] as const);

test('it quotes the topology and an example', () => {
  expect(quoted.map(([file]) => file)).toContain('topology/car-prices.ts');
  expect(quoted.some(([file]) => file.startsWith('examples/'))).toBe(true);
});

test('TypeScript is shown only where it is quoted', () => {
  expect(readme.match(/^```(ts|js|typescript)$/gm)).toBeNull();
});

test.each(quoted)('what it quotes of %s is there', (file, code) => {
  expect(readFileSync(at(file), 'utf8')).toContain(code);
});

test('its links lead somewhere', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path!);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((path) => !existsSync(at(path)))).toEqual([]);
});

test('it lists every numbered example', () => {
  const examples = readdirSync(at('examples')).filter((file) => /^\d\d-/.test(file));
  expect(examples.filter((file) => !readme.includes(`](examples/${file})`))).toEqual([]);
});

test('the scripts that it names are there', () => {
  const named = [...readme.matchAll(/npm run ([a-z-]+)/g)].map(([, script]) => script!);
  expect(named.filter((script) => !scripts.includes(script))).toEqual([]);
});
