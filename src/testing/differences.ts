import { inspect, isDeepStrictEqual } from 'node:util';

/** More than this many are not read by anybody. */
const MOST_LINES = 12;

/**
 * Where two values differ, a line for each place: `value.price: expected 9000, got 9100`.
 *
 * @param path what the values are called
 * @returns nothing when they are equal
 */
export function differences(expected: unknown, actual: unknown, path = ''): readonly string[] {
  const lines = [...placesOf(expected, actual, path)];
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more`];
}

/** A value on one line, short enough to be read. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, compact: true, maxStringLength: 200 });
}

function* placesOf(expected: unknown, actual: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(expected, actual)) return;
  if (!isTree(expected) || !isTree(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    yield `${path === '' ? 'the value' : path}: expected ${shown(expected)}, got ${shown(actual)}`;
    return;
  }
  let found = false;
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const place = Array.isArray(expected) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    for (const line of placesOf(partOf(expected, name), partOf(actual, name), place)) {
      found = true;
      yield line;
    }
  }
  // They differ in what is no property: their classes, or a property that is undefined here and missing there.
  if (!found) yield `${path === '' ? 'the value' : path}: expected ${shown(expected)}, got ${shown(actual)}`;
}

type Tree = Readonly<Record<string, unknown>>;

const MISSING = Object.freeze({ [inspect.custom]: () => 'nothing' });

function partOf(tree: Tree, name: string): unknown {
  return Object.hasOwn(tree, name) ? tree[name] : MISSING;
}

/** What is compared property by property; the rest is compared and shown as a whole. */
function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null || value === MISSING) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
