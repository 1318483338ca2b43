/**
 * Engines in memory: for tests, for the test driver, and for tasks whose state is always rebuilt from the changelog.
 * What they hold lasts as long as the engines object: an engine that is opened again finds it, as on disk.
 */
import type { StoreChange, StoreEngine, StoreEngines } from './store.js';

type Entries = IterableIterator<[string, readonly [Buffer, Buffer]]>;

interface Content {
  readonly entries: Map<string, readonly [Buffer, Buffer]>;
  position: number | undefined;
  isOpen: boolean;
}

/**
 * @example
 * const engine = await memoryEngines().open('0_1/predictions');
 */
export function memoryEngines(): StoreEngines {
  const contents = new Map<string, Content>();
  return {
    async open(path) {
      let content = contents.get(path);
      if (content === undefined) {
        content = { entries: new Map(), position: undefined, isOpen: false };
        contents.set(path, content);
      }
      if (content.isOpen) throw new Error(`the store ${path} is open already: only one task may have it`);
      content.isOpen = true;
      return new MemoryEngine(path, content);
    },
    async remove(path) {
      const removed = [...contents.keys()].filter(
        (name) => path === undefined || name === path || name.startsWith(`${path}/`),
      );
      const open = removed.find((name) => contents.get(name)?.isOpen);
      if (open !== undefined) throw new Error(`the store ${open} is open: close it before its state is removed`);
      for (const name of removed) contents.delete(name);
    },
  };
}

class MemoryEngine implements StoreEngine {
  readonly #path: string;
  #content: Content | undefined;
  #paging: { readonly last: string; readonly iterator: Entries } | undefined;

  constructor(path: string, content: Content) {
    this.#path = path;
    this.#content = content;
  }

  get position(): number | undefined {
    return this.#opened().position;
  }

  get(key: Buffer): Buffer | undefined {
    return this.#opened().entries.get(key.toString('latin1'))?.[1];
  }

  *entries(): IterableIterator<[Buffer, Buffer]> {
    for (const [key, value] of this.#opened().entries.values()) yield [key, value];
  }

  page(after: Buffer | undefined, limit: number): [Buffer, Buffer][] {
    const iterator = this.#iteratorAfter(after?.toString('latin1'));
    const page: [Buffer, Buffer][] = [];
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      page.push([...next.value[1]]);
      if (page.length === limit) {
        this.#paging = { last: next.value[0], iterator };
        return page;
      }
    }
    this.#paging = undefined;
    return page;
  }

  async apply(changes: readonly StoreChange[], position: number): Promise<void> {
    const content = this.#opened();
    for (const { key, value } of changes) {
      if (value === null) content.entries.delete(key.toString('latin1'));
      else content.entries.set(key.toString('latin1'), [alone(key), alone(value)]);
    }
    content.position = position;
  }

  async clear(): Promise<void> {
    const content = this.#opened();
    content.entries.clear();
    content.position = undefined;
  }

  async close(): Promise<void> {
    if (this.#content !== undefined) this.#content.isOpen = false;
    this.#content = undefined;
  }

  /** The iterator of the page before, when this page follows it: a map cannot be entered in the middle. */
  #iteratorAfter(key: string | undefined): Entries {
    if (key !== undefined && this.#paging?.last === key) return this.#paging.iterator;
    const iterator = this.#opened().entries.entries();
    if (key !== undefined)
      for (let next = iterator.next(); !next.done && next.value[0] !== key; ) next = iterator.next();
    return iterator;
  }

  #opened(): Content {
    if (this.#content === undefined) throw new Error(`the store ${this.#path} is closed`);
    return this.#content;
  }
}

/** Bytes that were read from a topic lie in a block with those of other records, which must not live as long as a store. */
function alone(bytes: Buffer): Buffer {
  const most = Math.max(Buffer.poolSize, 2 * bytes.length);
  return bytes.buffer.byteLength > most ? Buffer.from(bytes) : bytes;
}
