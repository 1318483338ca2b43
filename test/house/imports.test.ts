import { describe, expect, test } from 'vitest';
import { filesUnder, type Import, importsOf, targetOf, textOf } from './imports.js';

describe('the import reader', () => {
  const value = (specifier: string): Import => ({ specifier, typeOnly: false });
  const type = (specifier: string): Import => ({ specifier, typeOnly: true });

  test.each<[string, string, readonly Import[]]>([
    ['names', "import { a, b as c } from './a.js';", [value('./a.js')]],
    ['a default', "import a from 'a';", [value('a')]],
    ['a namespace', "import * as a from 'a';", [value('a')]],
    ['a default and names', 'import a, { type B } from "a";', [value('a')]],
    ['nothing', "import './a.js';", [value('./a.js')]],
    ['names over lines', "import {\n  a,\n  type B,\n} from './a.js';", [value('./a.js')]],
    ['a type', "import type { A } from './a.js';", [type('./a.js')]],
    ['the type of a default', "import type A from './a.js';", [type('./a.js')]],
    ['types among braces', "import { type A, type B } from './a.js';", [type('./a.js')]],
    ['a name that begins with type', "import { typeOf } from './a.js';", [value('./a.js')]],
    ['a re-export', "export { a } from './a.js';\nexport * from './b.js';", [value('./a.js'), value('./b.js')]],
    ['a re-exported type', "export type { A } from './a.js';", [type('./a.js')]],
    ['a dynamic import', "  const { a } = await import('./a.js');", [value('./a.js')]],
    ['two lines', "import 'a';\nimport { b } from 'b';", [value('a'), value('b')]],
    ['an export of its own', "export const from = 'a';\nexport function b() {}", []],
    ['a comment', "/**\n * import { a } from 'a';\n */\n// import 'b';\nimport 'c';", [value('c')]],
    ['a text', 'const text = "import { a } from \'a\'";', []],
  ])('%s', (_name, source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });

  test('finds those of a file that has many', () => {
    const found = importsOf(textOf('src/app/application.ts')).map(({ specifier }) => specifier);
    expect(found).toContain('../runtime/worker.js');
    expect(found).toContain('rxjs');
    expect(found.length).toBe(textOf('src/app/application.ts').match(/ from '/g)?.length);
  });

  test('names targets from the root', () => {
    expect(targetOf('src/app/application.ts', '../errors.js')).toBe('src/errors.ts');
    expect(targetOf('src/app/application.ts', 'rxjs')).toBeUndefined();
  });
});

/**
 * Layers from the bottom up; each may import those below it. What stands in one line knows nothing of each other, but for
 * paths joined by `+`, which are one. A path is of the longest entry that it begins with.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['src/record.ts', 'src/clock.ts', 'src/errors.ts', 'src/head-queue.ts'],
  ['src/error-handler.ts', 'src/folder-lock.ts'],
  ['src/brokers/'],
  // The shape of a change, which serdes read and operators see.
  ['src/cdc/change.ts'],
  ['src/serde/+src/registry/'],
  ['src/state/', 'src/model/', 'src/cdc/capture/', 'src/cdc/sink/', 'src/cdc/postgres/'],
  ['src/reading/', 'src/operators/'],
  ['src/topology/'],
  ['src/runtime/'],
  ['src/compare/', 'src/dead-letters/', 'src/reset/'],
  ['src/app/'],
  ['src/testing/', 'src/replay/', 'src/interop/'],
  ['src/console/', 'src/metrics/'],
  ['src/cli/'],
  ['src/index.ts'],
];

function layerOf(file: string): { readonly height: number; readonly name: string } {
  const found = LAYERS.flatMap((names, height) =>
    names.flatMap((name) => name.split('+').map((path) => ({ height, name, path }))),
  )
    .filter(({ path }) => file === path || (path.endsWith('/') && file.startsWith(path)))
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (found === undefined) throw new Error(`${file} belongs to no layer: say in ${import.meta.url} which`);
  return found;
}

const sources = filesUnder('src');
const inside = sources.flatMap((file) =>
  importsOf(textOf(file)).flatMap(({ specifier, typeOnly }) => {
    const target = targetOf(file, specifier);
    return target === undefined ? [] : [{ file, target, typeOnly }];
  }),
);

describe('src/', () => {
  test('imports point downwards', () => {
    expect(inside.length).toBeGreaterThan(500);
    const wrong = inside.filter(({ file, target }) => {
      const [from, to] = [layerOf(file), layerOf(target)];
      return from.name !== to.name && to.height >= from.height;
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test('imports files that are there', () => {
    expect(inside.filter(({ target }) => !sources.includes(target))).toEqual([]);
  });

  test('no file needs itself while it is loaded', () => {
    const needs = new Map<string, string[]>();
    for (const { file, target, typeOnly } of inside) {
      if (!typeOnly) needs.set(file, [...(needs.get(file) ?? []), target]);
    }
    expect(cyclesOf(needs)).toEqual([]);
  });

  test('node-rdkafka is imported in src/brokers/kafka alone', () => {
    const importing = sources.filter((file) =>
      importsOf(textOf(file)).some(({ specifier }) => specifier.startsWith('node-rdkafka')),
    );
    expect(importing.length).toBeGreaterThan(0);
    expect(importing.filter((file) => !file.startsWith('src/brokers/kafka/'))).toEqual([]);
  });

  test("Kafka's client, an optional dependency, is loaded only where a topology runs on Kafka", () => {
    const reaching = inside.filter(({ target }) => target.startsWith('src/brokers/kafka/'));
    const outside = reaching.filter(({ file }) => !file.startsWith('src/brokers/kafka/'));
    expect(outside.map(({ file }) => file)).toEqual([
      'src/cli/broker-place.ts',
      'src/cli/replay/surroundings.ts',
      'src/cli/run.ts',
    ]);
    expect(textOf('src/cli/run.ts')).toContain("await import('../brokers/kafka/index.js')");
  });
});

test.each(['topology', 'schemas', 'state', 'models'])(
  '%s/ imports millrace by its name, and none of its files',
  (folder) => {
    const specifiers = filesUnder(folder).flatMap((file) =>
      importsOf(textOf(file)).map(({ specifier }) => targetOf(file, specifier) ?? specifier),
    );
    expect(specifiers.filter((specifier) => specifier.startsWith('src/'))).toEqual([]);
  },
);

/** Each cycle once, as a path that ends where it begins. */
function cyclesOf(needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const before = path.indexOf(file);
    if (before >= 0) cycles.push([...path.slice(before), file].join(' > '));
    if (before >= 0 || done.has(file)) return;
    for (const target of needs.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of needs.keys()) visit(file, []);
  return cycles;
}

test('a cycle is found', () => {
  const needs = new Map([
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', ['a']],
  ]);
  expect(cyclesOf(needs)).toEqual(['a > b > c > a']);
});
