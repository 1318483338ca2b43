/**
 * The order in which Java's containers give back what was put in, for `describe()`: hash tables of strings, and a
 * tree set whose elements change their rank while they are in it.
 *
 * Source: `java.util.HashMap`, `java.util.HashSet` and `java.util.TreeMap` of OpenJDK 17.
 */

/** The keys of a `HashMap` that has grown from empty, in the order of its iteration. */
export function hashMapOrder(keys: readonly string[]): readonly string[] {
  let capacity = 16;
  while (keys.length > capacity * 0.75) capacity *= 2;
  return byBucket(keys, capacity);
}

/** The elements of a `HashSet` that was made as a copy of a collection, in the order of its iteration. */
export function hashSetOrder(elements: readonly string[]): readonly string[] {
  const needed = Math.max(Math.floor(elements.length / 0.75) + 1, 16);
  return byBucket(elements, 2 ** Math.ceil(Math.log2(needed)));
}

function byBucket(keys: readonly string[], capacity: number): readonly string[] {
  const bucket = (key: string) => {
    const hash = hashCode(key);
    return (hash ^ (hash >>> 16)) & (capacity - 1);
  };
  return keys.toSorted((a, b) => bucket(a) - bucket(b));
}

/** `String.hashCode()`. */
function hashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

interface Entry<T> {
  readonly value: T;
  parent: Entry<T> | undefined;
  left: Entry<T> | undefined;
  right: Entry<T> | undefined;
  red: boolean;
}

/**
 * A red-black tree with the shapes of `java.util.TreeMap`. A sorted array would do if ranks stood still; when they
 * do not, where an element goes depends on the elements that it is compared with, hence on the tree's shape.
 */
export class TreeSet<T> {
  readonly #compare: (a: T, b: T) => number;
  #root: Entry<T> | undefined;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  add(value: T): void {
    let parent: Entry<T> | undefined;
    let side: 'left' | 'right' = 'left';
    for (let next = this.#root; next !== undefined; next = parent[side]) {
      const order = this.#compare(value, next.value);
      if (order === 0) return;
      parent = next;
      side = order < 0 ? 'left' : 'right';
    }
    const entry: Entry<T> = { value, parent, left: undefined, right: undefined, red: true };
    if (parent === undefined) this.#root = entry;
    else parent[side] = entry;
    this.#balance(entry);
  }

  *values(from = this.#root): Generator<T> {
    if (from === undefined) return;
    if (from.left !== undefined) yield* this.values(from.left);
    yield from.value;
    if (from.right !== undefined) yield* this.values(from.right);
  }

  #balance(added: Entry<T>): void {
    let entry = added;
    while (entry.parent?.red === true) {
      const parent: Entry<T> = entry.parent;
      const grandparent = parent.parent!;
      const side = grandparent.left === parent ? 'left' : 'right';
      const other = side === 'left' ? 'right' : 'left';
      const uncle = grandparent[other];
      grandparent.red = true;
      if (uncle?.red === true) {
        parent.red = false;
        uncle.red = false;
        entry = grandparent;
        continue;
      }
      if (parent[other] === entry) this.#rotate(parent, side);
      grandparent[side]!.red = false;
      this.#rotate(grandparent, other);
      break;
    }
    this.#root!.red = false;
  }

  /** Lets an entry sink to the given side; its child of the other side takes its place. */
  #rotate(entry: Entry<T>, side: 'left' | 'right'): void {
    const other = side === 'left' ? 'right' : 'left';
    const child = entry[other]!;
    const { parent } = entry;
    entry[other] = child[side];
    if (child[side] !== undefined) child[side].parent = entry;
    child.parent = parent;
    if (parent === undefined) this.#root = child;
    else parent[parent.left === entry ? 'left' : 'right'] = child;
    child[side] = entry;
    entry.parent = child;
  }
}
