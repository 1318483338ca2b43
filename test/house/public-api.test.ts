import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesUnder, ROOT, textOf } from './imports.js';
import { type Exported, exportsOf } from './public-api.js';

const PACKAGE = JSON.parse(textOf('package.json'));
const INDEXES = ['src/index.ts', 'src/testing/index.ts', 'src/interop/kafka-streams/index.ts'] as const;

/** Serdes and schemas whose name and one line say all. */
const PLAIN = new Set(['bytes', 'double', 'int', 'long', 'string', 'isUnavailable']);

describe.each(INDEXES)('%s', (index) => {
  const exported = exportsOf(index);
  const named = (each: Exported) => `${each.name} of ${each.file}`;

  test('exports what there is', async () => {
    const values = exported.filter(({ kind }) => kind !== 'interface' && kind !== 'type').map(({ name }) => name);
    expect(values.sort()).toEqual(Object.keys(await import(join(ROOT, index))).sort());
  });

  test('every name says what it is', () => {
    expect(exported.filter(({ docstring }) => docstring === undefined).map(named)).toEqual([]);
  });

  test('every function shows how it is used', () => {
    const silent = exported.filter(
      ({ kind, name, docstring }) => kind === 'function' && !PLAIN.has(name) && !docstring?.includes('@example'),
    );
    expect(silent.map(named)).toEqual([]);
  });

  // Who adds or removes a name says so to users, in CHANGELOG.md, and here, with `npx vitest run -u test/house`.
  test('the names are those that users know', async () => {
    const list = exported.map(({ name, kind }) => `${name} (${kind})`).sort();
    const file = `names-of-${index.replaceAll('/', '-').replace('.ts', '')}.txt`;
    await expect(`${list.join('\n')}\n`).toMatchFileSnapshot(`./snapshots/${file}`);
  });
});

test('package.json exports what is built of files that are there, and the command is one', () => {
  const entries = Object.values(PACKAGE.exports).filter((entry) => typeof entry === 'object') as {
    readonly types: string;
    readonly default: string;
  }[];
  expect(entries.length).toBeGreaterThan(2);
  for (const { types, default: code } of entries) {
    expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
    expect(existsSync(join(ROOT, code.replace('./dist/', 'src/').replace(/\.js$/, '.ts'))), code).toBe(true);
  }
  for (const path of Object.values(PACKAGE.bin) as string[]) expect(existsSync(join(ROOT, path)), path).toBe(true);
});

test('in the checkout its own name is src/, for the type checker, tests and tsx alike', async () => {
  expect(await import('millrace')).toBe(await import('../../src/index.js'));
  expect(await import('millrace/testing')).toBe(await import('../../src/testing/index.js'));
  const { paths } = JSON.parse(textOf('tsconfig.json')).compilerOptions;
  const published = Object.entries(PACKAGE.exports).filter(([, entry]) => typeof entry === 'object');
  expect(Object.keys(paths).sort()).toEqual(published.map(([name]) => `millrace${name.slice(1)}`).sort());
  for (const [name, entry] of published as [string, { readonly default: string }][]) {
    const source = entry.default.replace('./dist/', './src/').replace(/\.js$/, '.ts');
    expect(paths[`millrace${name.slice(1)}`]).toEqual([source]);
  }
});

test('a reader finds what changed and why it is so', () => {
  for (const file of ['CHANGELOG.md', 'DECISIONS.md', 'LICENSE', 'README.md'])
    expect(textOf(file).length).toBeGreaterThan(0);
  expect(textOf('CHANGELOG.md')).toMatch(/^## (Unreleased|\d)/m);
  expect(textOf('DECISIONS.md')).toMatch(/^## 1\. /m);
});

test('every package that runs a script when it is installed is allowed to, or forbidden by name', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
  };
  const installing = Object.entries(lock.packages).filter(
    ([path, { hasInstallScript }]) => path !== '' && hasInstallScript,
  );
  const names = installing.map(([path]) => path.replace(/^.*node_modules\//, ''));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !(name in PACKAGE.allowScripts))).toEqual([]);
});

/** Files past 400 lines, each with the reason why it is one. */
const LONG: Readonly<Record<string, string>> = {
  'src/runtime/task.ts':
    'whatever sets the record being worked on stays together; units, failures and schedules are out',
  'src/runtime/worker.ts': 'the loop and its rebalances share every field; what had an idea of its own is out already',
};

test('a file is not longer than 400 lines without a reason', () => {
  const long = ['src', 'topology', 'schemas', 'state', 'models', 'deploy', 'examples', 'scripts', 'bench']
    .flatMap(filesUnder)
    .filter((file) => textOf(file).split('\n').length > 401);
  expect(long.filter((file) => !(file in LONG))).toEqual([]);
});
