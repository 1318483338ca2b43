/**
 * Engines in memory: for tests, for the test driver, and for tasks whose state is always rebuilt from the changelog.
 * What they hold lasts as long as the engines object: an engine that is opened again finds it, as on disk.
 */
import type { StoreChange, StoreEngine, StoreEngines } from './store.js';

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

  async apply(changes: readonly StoreChange[], position: number): Promise<void> {
    const content = this.#opened();
    for (const { key, value } of changes) {
      if (value === null) content.entries.delete(key.toString('latin1'));
      else content.entries.set(key.toString('latin1'), [key, value]);
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

  #opened(): Content {
    if (this.#content === undefined) throw new Error(`the store ${this.#path} is closed`);
    return this.#content;
  }
}
