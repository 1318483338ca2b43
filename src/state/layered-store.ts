/**
 * The store that operators see: uncommitted writes over a hot cache over the engine.
 *
 * S1. A read sees the newest write of the records before it, committed or not, at once.
 * S2. Nothing uncommitted reaches the engine: it is given changes only by `committed` and `restore`.
 * S3. A record that failed leaves nothing; records that will be run again have written nothing yet.
 * S4. While a commit is under way its writes stay readable, and the records after it go on writing.
 */
import { ExpirySweep } from './expiry-sweep.js';
import { FormatRecord, isFormatRecord } from './format-record.js';
import type { HotCache, HotCaches } from './hot-cache.js';
import { type KeyCodec, keyCodec } from './key-codec.js';
import { mustBeReadable, mustBeRebuilt } from './readable.js';
import type { KeyValueStore, RestoredChange, StoreChange, StoreDeclaration, StoreEngine } from './store.js';
import type { StoreStatistics, TaskStore } from './task-store.js';
import { type Content, ValueCodec } from './value-codec.js';
import { type Version, VersionLog } from './version-log.js';
import type { Writer } from './writer.js';

export interface LayeredStoreOptions {
  /** Of which this store opens one. */
  readonly caches: HotCaches;
  /** Milliseconds since the epoch, for `retentionMs`. */
  readonly now: () => number;
  /** What serdes that name their schemas after a topic are told; default: the store's name. */
  readonly changelogTopic?: string;
}

export class LayeredStore<K, V> implements KeyValueStore<K, V>, TaskStore {
  readonly name: string;
  readonly declaration: StoreDeclaration;
  readonly #engine: StoreEngine;
  readonly #writer: Writer;
  readonly #keys: KeyCodec<K>;
  readonly #values: ValueCodec<V>;
  readonly #cache: HotCache<V>;
  readonly #uncommitted: VersionLog<V>;
  readonly #sweep: ExpirySweep;
  readonly #record: FormatRecord;
  /** The last version of each key in the commit that is under way. */
  #taken: readonly Version<V>[] | undefined;
  #uncommittedHits = 0;
  #cacheHits = 0;
  #engineHits = 0;
  #misses = 0;

  constructor(
    declaration: StoreDeclaration<K, V>,
    engine: StoreEngine,
    writer: Writer,
    { caches, now, changelogTopic = declaration.name }: LayeredStoreOptions,
  ) {
    this.name = declaration.name;
    this.declaration = declaration as StoreDeclaration;
    this.#engine = engine;
    this.#writer = writer;
    this.#keys = keyCodec(declaration, changelogTopic);
    this.#values = new ValueCodec(declaration, changelogTopic, now);
    this.#cache = caches.open();
    this.#uncommitted = new VersionLog(declaration.name);
    this.#sweep = new ExpirySweep(engine, (value) => this.#values.expiredBytes(value));
    this.#record = new FormatRecord(this.declaration, engine, writer);
  }

  get mustBeRebuilt(): boolean {
    return mustBeRebuilt(this.declaration, this.#record.formats);
  }

  mustBeReadable(): void {
    const { formats } = this.#record;
    mustBeReadable(this.declaration, formats, this.#isEmpty());
    this.#values.reads(formats);
  }

  get position(): number | undefined {
    return this.#engine.position;
  }

  get statistics(): StoreStatistics {
    const reads = this.#uncommittedHits + this.#cacheHits + this.#engineHits + this.#misses;
    return {
      uncommitted: this.#uncommittedHits,
      cache: this.#cacheHits,
      engine: this.#engineHits,
      miss: this.#misses,
      hitRatio: reads === 0 ? 1 : (this.#uncommittedHits + this.#cacheHits) / reads,
      uncommittedWrites: this.#uncommitted.size,
      cachedEntries: this.#cache.size,
    };
  }

  get(key: K): V | undefined {
    const text = this.#keys.text(key);
    return this.#values.value(this.#content(text), text);
  }

  has(key: K): boolean {
    return this.#values.has(this.#content(this.#keys.text(key)));
  }

  /** A value that the serde writes as a delete (JSON's null) deletes, as in Kafka Streams. */
  put(key: K, value: V): void {
    const text = this.#keys.text(key);
    this.#write(text, this.#values.encode(value, text));
  }

  delete(key: K): void {
    this.#write(this.#keys.text(key), null);
  }

  *entries(): IterableIterator<[K, V]> {
    const seen = new Set<string>();
    for (const version of this.#uncommitted.keys()) {
      seen.add(version.text);
      this.#tellRead(version);
      const value = this.#values.value(this.#contentOf(version), version.text);
      if (value !== undefined) yield [this.#keys.key(version.text), value];
    }
    for (const [bytes, stored] of this.#engine.entries()) {
      if (isFormatRecord(bytes)) continue;
      const text = this.#keys.textOf(bytes);
      if (seen.has(text)) continue;
      // The caller may write while it iterates: the newest write counts, as for get.
      const newer = this.#uncommitted.newest(text);
      const content = newer === undefined ? this.#values.content(stored) : this.#contentOf(newer);
      const value = this.#values.value(content, text);
      if (value !== undefined) yield [this.#keys.key(text), value];
    }
  }

  discard(sequence: number): void {
    this.#uncommitted.discard(sequence);
    this.#record.discard(sequence);
  }

  discardFrom(sequence: number): void {
    this.#uncommitted.discardFrom(sequence);
    this.#record.discardFrom(sequence);
  }

  takeUpTo(sequence: number): readonly StoreChange[] {
    this.#taken = this.#uncommitted.take(sequence);
    this.#record.takeUpTo(sequence);
    return this.#taken;
  }

  committed(position: number): Promise<void> {
    const versions = this.#takenNow();
    const changes = [...this.#record.committed(), ...versions];
    // Without a change the position on disk stays where it is: it is a lower bound.
    const applied = changes.length === 0 ? Promise.resolve() : this.#engine.apply(this.#swept(changes), position);
    for (const version of versions) {
      if (this.#cache.has(version.text)) this.#cache.set(version.text, this.#contentOf(version));
    }
    this.#uncommitted.settle();
    this.#taken = undefined;
    return applied;
  }

  reverted(): void {
    this.#takenNow();
    this.#uncommitted.putBack();
    this.#record.reverted();
    this.#taken = undefined;
  }

  dropUncommitted(): void {
    this.#uncommitted.clear();
    this.#record.forget();
    this.#taken = undefined;
  }

  restore(changes: readonly RestoredChange[], position: number): Promise<void> {
    if (this.#uncommitted.size > 0) {
      throw new Error(`the store '${this.name}' has uncommitted writes: it cannot be restored under them`);
    }
    this.#cache.clear();
    this.#record.forget();
    return this.#engine.apply(
      changes.map((change) => (isFormatRecord(change.key) ? change : this.#restored(change))),
      position,
    );
  }

  clear(): Promise<void> {
    this.dropUncommitted();
    this.#cache.clear();
    return this.#engine.clear();
  }

  close(): Promise<void> {
    this.dropUncommitted();
    this.#cache.close();
    return this.#engine.close();
  }

  #content(text: string) {
    const version = this.#uncommitted.newest(text);
    if (version !== undefined) {
      this.#uncommittedHits += 1;
      this.#tellRead(version);
      return this.#contentOf(version);
    }
    const cached = this.#cache.get(text);
    if (cached !== undefined) {
      this.#cacheHits += 1;
      return cached;
    }
    const bytes = this.#engine.get(this.#keys.bytes(text));
    const content = this.#values.content(bytes);
    if (bytes === undefined) {
      // Not cached: the write that mostly follows would take its place, and a place in the cache is dearer than this read.
      this.#misses += 1;
    } else {
      this.#engineHits += 1;
      this.#cache.set(text, content);
    }
    return content;
  }

  #contentOf(version: Version<V>): Content<V> {
    version.content ??= this.#values.content(version.value);
    return version.content;
  }

  #restored(change: RestoredChange): StoreChange {
    const value = this.#values.restored(change);
    return { key: change.key, value: value !== null && this.#values.expiredBytes(value) ? null : value };
  }

  #isEmpty(): boolean {
    for (const _ of this.#engine.entries()) return false;
    return true;
  }

  #write(text: string, value: Buffer | null): void {
    this.#record.beforeWrite();
    const version = this.#uncommitted.append(text, this.#writer.sequence(), this.#keys.bytes(text), value);
    this.#writer.wrote(this.declaration, version);
  }

  /** With the expired entries that this commit takes off the disk: first, so that what was written again stays. */
  #swept(changes: readonly StoreChange[]): readonly StoreChange[] {
    if (this.declaration.retentionMs === undefined) return changes;
    return [...this.#sweep.next(changes.length), ...changes];
  }

  #tellRead(version: Version<V>): void {
    if (this.#uncommitted.isBeingCommitted(version) || version.sequence === this.#writer.sequence()) return;
    this.#writer.read(version.sequence);
  }

  #takenNow(): readonly Version<V>[] {
    if (this.#taken !== undefined) return this.#taken;
    throw new Error(`the store '${this.name}' has nothing taken: call takeUpTo before committed or reverted`);
  }
}
