/**
 * One store of one task in LMDB.
 *
 * E1. One transaction is under way at a time. What is applied meanwhile is gathered and becomes the next one, so a
 *     slow disk makes transactions larger and not more numerous.
 * E2. What is gathered or under way is read from memory: `get` and `entries` never wait.
 * E3. When a transaction fails, nothing of it is on disk, and nothing is written any more until the store is opened
 *     again: the folder keeps the content and the position of the last transaction that succeeded.
 */
import { asError } from '../errors.js';
import { ChangesByKey } from './changes-by-key.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import type { StoreChange, StoreEngine } from './store.js';

/** Everything that becomes one transaction. */
class Batch {
  readonly changes = new ChangesByKey();
  readonly waiting: { resolve(): void; reject(error: Error): void }[] = [];
  clears = false;
  position: number | undefined;
}

export class LmdbEngine implements StoreEngine {
  readonly #folder: string;
  readonly #environment: LmdbEnvironment;
  readonly #onClosed: () => Promise<void>;
  #durablePosition: number | undefined;
  #underWay: Batch | undefined;
  #gathered: Batch | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /**
   * @param folder for errors
   * @param onClosed called once, when the files are closed
   */
  constructor(folder: string, environment: LmdbEnvironment, onClosed: () => Promise<void>) {
    this.#folder = folder;
    this.#environment = environment;
    this.#onClosed = onClosed;
    this.#durablePosition = environment.position();
  }

  get position(): number | undefined {
    const newest = this.#gathered ?? this.#underWay;
    return newest === undefined ? this.#durablePosition : newest.position;
  }

  get(key: Buffer): Buffer | undefined {
    this.#mustBeOpen();
    for (let batch = this.#gathered ?? this.#underWay; batch !== undefined; batch = this.#before(batch)) {
      const change = batch.changes.get(key);
      if (change !== undefined) return change.value ?? undefined;
      if (batch.clears) return undefined;
    }
    return this.#environment.get(key);
  }

  /** What is written before what is gathered; undefined: it is on disk. */
  #before(batch: Batch): Batch | undefined {
    return batch === this.#gathered ? this.#underWay : undefined;
  }

  *entries(): IterableIterator<[Buffer, Buffer]> {
    this.#mustBeOpen();
    const inMemory = new Map<string, StoreChange>();
    let onDisk = true;
    for (const batch of [this.#underWay, this.#gathered]) {
      if (batch?.clears) {
        inMemory.clear();
        onDisk = false;
      }
      for (const change of batch?.changes.all ?? []) inMemory.set(change.key.toString('latin1'), change);
    }
    // The snapshot is taken before anything is handed out, because the caller may write or wait in between.
    const stored = onDisk ? this.#environment.entries() : [].values();
    let next = stored.next();
    for (const { key, value } of inMemory.values()) if (value !== null) yield [key, value];
    try {
      for (; !next.done; next = stored.next()) {
        if (inMemory.size === 0 || !inMemory.has(next.value[0].toString('latin1'))) yield next.value;
      }
    } finally {
      stored.return?.();
    }
  }

  page(after: Buffer | undefined, limit: number): [Buffer, Buffer][] {
    this.#mustBeOpen();
    return this.#environment.page(after, limit);
  }

  async apply(changes: readonly StoreChange[], position: number): Promise<void> {
    await this.#enqueue((batch) => {
      for (const change of changes) batch.changes.set(change);
      batch.position = position;
    });
  }

  async clear(): Promise<void> {
    await this.#enqueue((batch) => {
      batch.changes.clear();
      batch.clears = true;
      batch.position = undefined;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #enqueue(fill: (batch: Batch) => void): Promise<void> {
    this.#mustBeOpen();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#gathered ??= new Batch();
    const batch = this.#gathered;
    fill(batch);
    const written = new Promise<void>((resolve, reject) => {
      batch.waiting.push({ resolve, reject });
    });
    if (this.#underWay === undefined) this.#writeGathered();
    return written;
  }

  #writeGathered(): void {
    const batch = this.#gathered;
    if (batch === undefined) return;
    this.#gathered = undefined;
    this.#underWay = batch;
    let written: Promise<unknown>;
    try {
      written = this.#environment.write(batch.clears, batch.changes.all, batch.position);
    } catch (error) {
      written = Promise.reject(error);
    }
    written.then(
      () => this.#written(batch),
      (error: unknown) => this.#failed(error),
    );
  }

  #written(batch: Batch): void {
    this.#environment.refresh();
    this.#durablePosition = batch.position;
    this.#underWay = undefined;
    this.#writeGathered();
    for (const { resolve } of batch.waiting) resolve();
  }

  async #failed(thrown: unknown): Promise<void> {
    const cause = await reasonOf(thrown);
    this.#failure = new Error(
      `the state in ${this.#folder} cannot be written: ${cause.message}. Is the disk full, or the folder read-only? ` +
        'Nothing of this commit is on disk; when the store is opened again, it catches up from its changelog',
      { cause },
    );
    // What failed stays readable (E2): the records that are finishing must not see older values.
    for (const batch of [this.#underWay, this.#gathered]) {
      for (const { reject } of batch?.waiting ?? []) reject(this.#failure);
      if (batch !== undefined) batch.waiting.length = 0;
    }
  }

  async #close(): Promise<void> {
    while (this.#underWay !== undefined && this.#failure === undefined) {
      const { waiting } = this.#underWay;
      await new Promise<void>((resolve) => waiting.push({ resolve, reject: () => resolve() }));
    }
    await (this.#failure === undefined ? this.#environment.close() : this.#environment.closeFailed());
    await this.#onClosed();
  }

  #mustBeOpen(): void {
    if (this.#closing !== undefined) throw new Error(`the store in ${this.#folder} is closed`);
  }
}

/** lmdb-js rejects with 'Commit failed' and gives the reason as a second promise. */
async function reasonOf(thrown: unknown): Promise<Error> {
  const error = asError(thrown);
  const { commitError } = error as { commitError?: Promise<never> };
  if (commitError === undefined) return error;
  return commitError.then(
    () => error,
    (reason: unknown) => asError(reason),
  );
}
