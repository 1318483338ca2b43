/**
 * One LMDB environment, a folder with `data.mdb` and `lock.mdb`, for one store of one task.
 *
 * Why one for each store and not for each task: it is as fast, a damaged file costs one store and not all of them, and
 * an asynchronous batch stays one transaction: lmdb-js commits what is there of a batch when a synchronous
 * transaction, such as the opening of another store, comes between.
 *
 * What survives what. lmdb-js resolves a write when its transaction is committed: its pages and then its meta page are
 * with the operating system. So the death of the process, by `kill -9` too, takes nothing that was resolved, and of
 * the transaction that was under way all or nothing. The flush to the disk follows (`overlappingSync`, the default
 * except on Windows, where every commit waits for it). After a power cut or a crash of the operating system, seen by
 * another boot id, LMDB goes back to the last transaction that was flushed: older, but whole, with the position that
 * belongs to it. `noSync` would promise neither order nor wholeness after a power cut; it is not used.
 */
import { createHash } from 'node:crypto';
import { type Database, open, type RangeOptions, type RootDatabase } from 'lmdb';
import type { StoreChange } from './store.js';

/** LMDB takes keys of 1 to 1978 bytes with pages of 4096. */
const LONGEST_KEY = 1978;
const STATE = Buffer.from('state');
/**
 * Addresses of a file that may grow, no memory; 256 MiB are about 800,000 entries. LMDB would begin with 128 KiB and map the
 * file again whenever it has doubled, and the earlier maps stay: what lies in several counts as often in the resident set.
 * On Windows a file is as large as its map.
 */
const MAP_BYTES = 256 * 1024 * 1024;

/** Raised when the layout below changes; content of another format counts as unknown. */
const FORMAT = 1;

type Bytes = Database<Buffer, Buffer>;

interface State {
  readonly format: number;
  readonly position: number;
}

export class LmdbEnvironment {
  readonly #root: RootDatabase<Buffer, Buffer>;
  /** Key to value. */
  readonly #entries: Bytes;
  /** Keys that LMDB does not take (longer, or empty): SHA-256 of the key to the key's length, the key, the value. */
  readonly #unusual: Bytes;
  /** The changelog position, in the same transaction as what it stands for. */
  readonly #meta: Bytes;

  private constructor(root: RootDatabase<Buffer, Buffer>) {
    this.#root = root;
    const database = (name: string) => root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
    this.#entries = database('entries');
    this.#unusual = database('unusual-keys');
    this.#meta = database('meta');
  }

  /**
   * @param inspect called between the opening of the file and the first look into it, with the number of bytes that
   *   the file must have: reading past the end of a mapped file would kill the process
   */
  static async open(folder: string, inspect: (bytesNeeded: number) => void): Promise<LmdbEnvironment> {
    const root = open<Buffer, Buffer>({
      path: folder,
      // Or a dot in the path would make it a file.
      noSubdir: false,
      maxDbs: 3,
      ...(process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }),
      encoding: 'binary',
      // Batches are made explicitly. The implicit ones make a promise that nobody can listen to: when a transaction
      // failed, it would end the process as an unhandled rejection.
      eventTurnBatching: false,
    });
    try {
      const { lastPageNumber, root: tree } = root.getStats() as { lastPageNumber: number; root: { pageSize: number } };
      inspect((lastPageNumber + 1) * tree.pageSize);
      return new LmdbEnvironment(root);
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  /** @throws when the state was written by another format */
  position(): number | undefined {
    const bytes = this.#meta.getBinary(STATE);
    if (bytes === undefined) return undefined;
    const state = JSON.parse(bytes.toString()) as State;
    if (state.format !== FORMAT || !Number.isSafeInteger(state.position)) {
      throw new Error(`its format is ${state.format}, and this version of millrace reads ${FORMAT}`);
    }
    return state.position;
  }

  get(key: Buffer): Buffer | undefined {
    if (isUsual(key)) return this.#entries.getBinary(key);
    const stored = this.#unusual.getBinary(hashOf(key));
    return stored === undefined ? undefined : unpack(stored)[1];
  }

  /** A snapshot: what is written after the first step does not show. */
  *entries(): IterableIterator<[Buffer, Buffer]> {
    for (const { key, value } of this.#entries.getRange()) yield [key, value];
    for (const { value } of this.#unusual.getRange()) yield unpack(value);
  }

  /** Up to `limit` entries after a key: first the usual keys in their order, then the others by their hash. */
  page(after: Buffer | undefined, limit: number): [Buffer, Buffer][] {
    const page: [Buffer, Buffer][] = [];
    if (after === undefined || isUsual(after)) {
      for (const { key, value } of this.#entries.getRange(from(after, limit))) page.push([key, value]);
      after = undefined;
    }
    if (page.length === limit) return page;
    const range = from(after === undefined ? undefined : hashOf(after), limit - page.length);
    for (const { value } of this.#unusual.getRange(range)) page.push(unpack(value));
    return page;
  }

  /**
   * Writes in one transaction, on another thread. One at a time: call it again only when its promise has settled.
   *
   * @param clears whether all content is removed first
   * @param position undefined: unknown
   */
  write(clears: boolean, changes: readonly StoreChange[], position: number | undefined): Promise<unknown> {
    return this.#entries.batch(() => {
      if (clears) {
        void this.#entries.clearAsync();
        void this.#unusual.clearAsync();
      }
      for (const { key, value } of changes) {
        const usual = isUsual(key);
        const database = usual ? this.#entries : this.#unusual;
        const stored = usual ? key : hashOf(key);
        if (value === null) void database.remove(stored);
        else void database.put(stored, usual ? value : pack(key, value));
      }
      if (position === undefined) void this.#meta.remove(STATE);
      else {
        const state: State = { format: FORMAT, position };
        void this.#meta.put(STATE, Buffer.from(JSON.stringify(state)));
      }
    });
  }

  /** Lets the next read see what has been committed; without it a read of the same turn may see what was before. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** Waits for the flush to the disk. */
  close(): Promise<void> {
    return this.#root.close();
  }

  /**
   * Closes after a write has failed. lmdb-js would wait for the flush of the transaction that failed, which never
   * comes; nothing else is under way, for there is one write at a time.
   */
  closeFailed(): Promise<void> {
    Object.defineProperty(this.#root, '_endWrites', { value: undefined });
    return this.#root.close();
  }
}

function from(after: Buffer | undefined, limit: number): RangeOptions {
  return after === undefined ? { limit } : { start: after, exclusiveStart: true, limit };
}

function isUsual(key: Buffer): boolean {
  return key.length > 0 && key.length <= LONGEST_KEY;
}

function hashOf(key: Buffer): Buffer {
  return createHash('sha256').update(key).digest();
}

function pack(key: Buffer, value: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(key.length);
  return Buffer.concat([length, key, value]);
}

function unpack(stored: Buffer): [Buffer, Buffer] {
  const end = 4 + stored.readUInt32BE(0);
  return [stored.subarray(4, end), stored.subarray(end)];
}
