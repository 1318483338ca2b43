/**
 * Reads which files import which: the specifiers of `import`, `export … from` and `import(…)`, found by their text. What
 * it must find, and what it must not, is in imports.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Import {
  /** As it is written: `../record.js`, `rxjs`. */
  readonly specifier: string;
  /** Gone when the types are: `import type`, `export type`, or every name with `type` before it. */
  readonly typeOnly: boolean;
}

/** A statement at the beginning of a line. Its names may go over lines, but hold no quote and no semicolon. */
const STATEMENT = /^(import|export)\s+(?:([^'";]*?)\s*from\s*)?(['"])([^'"\n]+)\3/gm;
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1\s*\)/g;

/** The imports of a module's text. */
export function importsOf(source: string): readonly Import[] {
  const text = withoutComments(source);
  const found: Import[] = [];
  for (const [, keyword, names, , specifier] of text.matchAll(STATEMENT)) {
    // `export 'x'` is nothing; `import 'x'` has no names.
    if (keyword === 'export' && names === undefined) continue;
    found.push({ specifier: specifier!, typeOnly: names !== undefined && isTypeOnly(names) });
  }
  for (const [, , specifier] of text.matchAll(DYNAMIC)) found.push({ specifier: specifier!, typeOnly: false });
  return found;
}

function isTypeOnly(names: string): boolean {
  if (/^type\s+[{*\w]/.test(names) && !/^type\s*,/.test(names)) return true;
  const braces = /^\{([^}]*)\}$/s.exec(names)?.[1];
  if (braces === undefined) return false;
  const each = braces
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return each.length > 0 && each.every((name) => name.startsWith('type '));
}

/** Comments that take whole lines: what stands in them is prose, and may look like an import. */
function withoutComments(source: string): string {
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
}

/** The TypeScript files under a folder, by their paths from the root. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file).replaceAll('\\', '/'))
    .sort();
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The file that a relative specifier means, from the root; undefined for packages. */
export function targetOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = relative(ROOT, join(ROOT, dirname(file), specifier)).replaceAll('\\', '/');
  return target.replace(/\.js$/, '.ts');
}
