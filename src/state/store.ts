/**
 * Stores as operators see them, and the engine port under them.
 *
 * A declaration opens nothing: `state/` exports declarations, the runtime opens one store per task and declaration.
 */
import type { Serde } from '../serde/serde.js';

/** A declared key-value store. */
export interface StoreDeclaration<K = unknown, V = unknown> {
  readonly kind: 'key-value';
  readonly name: string;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** Whether changes go to a changelog topic, from which a lost store is rebuilt. */
  readonly changelog: boolean;
  /** Milliseconds that an entry stays readable after it was written; undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** Of what the values are. It is kept with the store. */
  readonly version: number;
  /** What the values are, in a word; undefined: not said. A store that holds something else is refused. */
  readonly holds: string | undefined;
  /** How values of earlier versions are read. */
  readonly earlier: readonly EarlierValues<V>[];
}

/** How values that an earlier version of a program wrote are read. Made by `earlierValues`. */
export interface EarlierValues<V = unknown> {
  readonly version: number;
  // biome-ignore lint/suspicious/noExplicitAny: each version has a type of its own, known to `earlierValues` alone.
  readonly serde: Serde<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  upgrade(value: any): V;
}

/** A synchronous key-value store. Reads see what was written before in the order of the records, committed or not. */
export interface KeyValueStore<K = unknown, V = unknown> {
  readonly name: string;
  get(key: K): V | undefined;
  has(key: K): boolean;
  put(key: K, value: V): void;
  delete(key: K): void;
  /** All entries, in no particular order. */
  entries(): IterableIterator<[K, V]>;
}

/** One change on its way to disk: the key and value as bytes; a null value deletes. */
export interface StoreChange {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** A change as it comes back from the changelog. */
export interface RestoredChange extends StoreChange {
  /** That of the changelog's record, milliseconds since the epoch. */
  readonly timestamp: number;
}

/**
 * The engine port: committed state of one store of one task, durable with the changelog position that it stands for.
 *
 * S1. `apply` writes changes and position in one atomic step: after a crash either all of it is there or none.
 * S2. `get` sees exactly what `apply` has been given, at once, even while it is still being written.
 * S3. The position is undefined until the first `apply`, and after `clear`: such a store is rebuilt.
 */
export interface StoreEngine {
  /** The changelog offset that the content stands for at least: everything before it is in. */
  readonly position: number | undefined;
  get(key: Buffer): Buffer | undefined;
  entries(): IterableIterator<[Buffer, Buffer]>;
  /**
   * Up to `limit` entries in the engine's own order, beginning after a key; fewer: the end was reached. What is still
   * being written may be missing. With it expired entries are removed in passing; an engine without it keeps them.
   */
  page?(after: Buffer | undefined, limit: number): [Buffer, Buffer][];
  /** Resolves when durable against the death of the process. */
  apply(changes: readonly StoreChange[], position: number): Promise<void>;
  /** Forgets content and position. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens engines; one for each store of a task. */
export interface StoreEngines {
  /** @param path task and store, e.g. `0_1/predictions`; the folder is locked until the engine is closed */
  open(path: string): Promise<StoreEngine>;
  /** Removes the state of a task, or all of it. */
  remove(path?: string): Promise<void>;
}
