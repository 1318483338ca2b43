/**
 * Compares two topics: what is equal, changed, only here, only there, and how numbers differ.
 *
 * Memory is bounded: rows lie on disk, one temporary store for each side, and what is kept of a numeric field is about
 * 1 MB (`difference-distribution.ts`). The disk needs about the size of what is read.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbEngines } from '../state/lmdb.js';
import { stableJson } from '../state/stable-json.js';
import type { StoreEngine } from '../state/store.js';
import { Differences } from './difference-distribution.js';
import { fieldsOf, numberOf } from './fields.js';
import { commonPosition, type JoinedBy } from './joined-by.js';
import type { ChangedRow, CompareReport, FieldReport } from './report.js';
import { type ComparedTopic, type Row, rowFrom, SideReader } from './side.js';

/** What {@link compare} may be told. */
export interface CompareOptions {
  /** Default: key and position (`__source_lsn` or `__lsn`, as header or field) where both topics carry it, else key. */
  readonly by?: JoinedBy;
  /** Numbers that differ by no more are equal. Default 0. */
  readonly tolerance?: number;
  /** Fields that are not compared; nested ones by their path. */
  readonly ignore?: readonly string[];
  /** Rows of each kind that the report shows. Default 20. */
  readonly examples?: number;
  /** Where the temporary stores lie. Default: the system's folder for such. */
  readonly directory?: string;
  /** Told of records as they are read. */
  readonly onProgress?: (side: 'here' | 'there', records: number) => void;
}

/** Fields that are told apart, at most: a topic of maps may have one for each of its keys. */
const FIELDS = 500;

/**
 * Compares two topics, of one broker or of two.
 *
 * @param here what is there already, e.g. what the live application wrote
 * @param there what is held against it, e.g. what a replay wrote; a difference is `there − here`
 * @throws ConfigurationError when a topic does not exist; BrokerError when one cannot be read
 * @example
 * const report = await compare({ broker, topic: 'prices' }, { broker, topic: 'prices.replay-v2' });
 * console.log(report.changed, report.fields.suggestedprice?.difference?.median);
 */
export async function compare(
  here: ComparedTopic,
  there: ComparedTopic,
  options: CompareOptions = {},
): Promise<CompareReport> {
  const { tolerance = 0, ignore = [], examples = 20, onProgress = () => {} } = options;
  const readers = { here: new SideReader(here), there: new SideReader(there) };
  const joinedBy = options.by ?? commonPosition(await readers.here.first(), await readers.there.first());
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'millrace-compare-'));
  try {
    const engines = lmdbEngines(directory);
    const stores = { here: await engines.open('here'), there: await engines.open('there') };
    try {
      const counts = {
        here: await readers.here.readInto(stores.here, joinedBy, (records) => onProgress('here', records)),
        there: await readers.there.readInto(stores.there, joinedBy, (records) => onProgress('there', records)),
      };
      const found = new Comparison(tolerance, new Set(ignore), examples);
      found.join(stores.here, stores.there);
      return { ...counts, joinedBy, tolerance, ignored: ignore, ...found.result };
    } finally {
      await stores.here.close();
      await stores.there.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Field {
  changed: number;
  readonly differences: Differences;
}

type Found = Omit<CompareReport, 'here' | 'there' | 'joinedBy' | 'tolerance' | 'ignored'>;

class Comparison {
  readonly #tolerance: number;
  readonly #ignored: ReadonlySet<string>;
  readonly #most: number;
  readonly #fields = new Map<string, Field>();
  readonly #changed: ChangedRow[] = [];
  readonly #onlyHere: Row[] = [];
  readonly #onlyThere: Row[] = [];
  readonly #counts = { joined: 0, equal: 0, changed: 0, onlyHere: 0, onlyThere: 0 };

  constructor(tolerance: number, ignored: ReadonlySet<string>, most: number) {
    this.#tolerance = tolerance;
    this.#ignored = ignored;
    this.#most = most;
  }

  join(here: StoreEngine, there: StoreEngine): void {
    for (const [id, bytes] of here.entries()) {
      const other = there.get(id);
      const row = rowFrom(bytes);
      if (other !== undefined) this.#compare(row, rowFrom(other));
      else this.#only('onlyHere', this.#onlyHere, row);
    }
    for (const [id, bytes] of there.entries()) {
      if (here.get(id) === undefined) this.#only('onlyThere', this.#onlyThere, rowFrom(bytes));
    }
  }

  get result(): Found {
    const byChanges = [...this.#fields].sort(([, a], [, b]) => b.changed - a.changed);
    const fields = byChanges.map(([path, { changed, differences }]): [string, FieldReport] => [
      path,
      { changed, difference: differences.distribution },
    ]);
    return {
      ...this.#counts,
      fields: Object.fromEntries(fields),
      examples: { changed: this.#changed, onlyHere: this.#onlyHere, onlyThere: this.#onlyThere },
    };
  }

  #only(kind: 'onlyHere' | 'onlyThere', rows: Row[], row: Row): void {
    this.#counts[kind] += 1;
    if (rows.length < this.#most) rows.push(row);
  }

  #compare(here: Row, there: Row): void {
    this.#counts.joined += 1;
    const fields = { here: fieldsOf(here.value), there: fieldsOf(there.value) };
    const differing: Record<string, { here?: unknown; there?: unknown }> = {};
    for (const path of new Set([...fields.here.keys(), ...fields.there.keys()])) {
      if (this.#ignored.has(path)) continue;
      const pair = { here: fields.here.get(path), there: fields.there.get(path) };
      if (!this.#equal(path, pair.here, pair.there)) differing[path] = pair;
    }
    if (Object.keys(differing).length === 0) {
      this.#counts.equal += 1;
      return;
    }
    this.#counts.changed += 1;
    if (this.#changed.length < this.#most) {
      this.#changed.push({ key: here.key, fields: differing, here: placeOf(here), there: placeOf(there) });
    }
  }

  #equal(path: string, here: unknown, there: unknown): boolean {
    const field = this.#field(path);
    const [a, b] = [numberOf(here), numberOf(there)];
    const numbers = a !== undefined && b !== undefined;
    if (numbers) field?.differences.add(a, b);
    const equal = here === there || (numbers ? Math.abs(b - a) <= this.#tolerance : sameJson(here, there));
    if (!equal && field !== undefined) field.changed += 1;
    return equal;
  }

  #field(path: string): Field | undefined {
    const known = this.#fields.get(path);
    if (known !== undefined || this.#fields.size >= FIELDS) return known;
    const field = { changed: 0, differences: new Differences() };
    this.#fields.set(path, field);
    return field;
  }
}

const text = stableJson<unknown>();

function sameJson(here: unknown, there: unknown): boolean {
  if (typeof here !== 'object' || typeof there !== 'object' || here === null || there === null) return false;
  return text.text(here) === text.text(there);
}

function placeOf({ timestamp, partition, offset }: Row): Omit<Row, 'key' | 'value'> {
  return { timestamp, partition, offset };
}
