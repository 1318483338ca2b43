/**
 * A store for operators that are called by hand: in a marble test, in a REPL. Values go through the serde, so a test
 * meets what production would read back, and frozen as there.
 */
import { keyCodec } from './key-codec.js';
import type { KeyValueStore, StoreDeclaration } from './store.js';
import { type Content, ValueCodec } from './value-codec.js';

/**
 * @param now milliseconds since the epoch, for stores with `retentionMs`
 * @example
 * const store = inMemoryStore(predictions);
 * store.put({ id: 1 }, 9000);
 */
export function inMemoryStore<K, V>(
  declaration: StoreDeclaration<K, V>,
  now: () => number = Date.now,
): KeyValueStore<K, V> {
  const keys = keyCodec(declaration, declaration.name);
  const values = new ValueCodec<V>(declaration, declaration.name, now);
  const contents = new Map<string, Content<V>>();
  return {
    name: declaration.name,
    get(key) {
      const text = keys.text(key);
      const content = contents.get(text);
      return content === undefined ? undefined : values.value(content, text);
    },
    has(key) {
      const content = contents.get(keys.text(key));
      return content !== undefined && values.has(content);
    },
    put(key, value) {
      const text = keys.text(key);
      const bytes = values.encode(value, text);
      if (bytes === null) contents.delete(text);
      else contents.set(text, values.content(bytes));
    },
    delete(key) {
      contents.delete(keys.text(key));
    },
    *entries() {
      for (const [text, content] of contents) {
        const value = values.value(content, text);
        if (value !== undefined) yield [keys.key(text), value];
      }
    },
  };
}
