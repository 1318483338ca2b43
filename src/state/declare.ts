/** Declarations of stores: frozen values that open nothing. `state/` exports them, the runtime binds them. */
import { TopologyError } from '../errors.js';
import { bareAvro } from '../serde/avro/bare-avro.js';
import { AvroContract } from '../serde/avro/contract.js';
import { json } from '../serde/json.js';
import type { Serde } from '../serde/serde.js';
import { stableJson } from './stable-json.js';
import type { EarlierValues, StoreDeclaration } from './store.js';

/**
 * Whether the changes of a store go to its changelog topic: Kafka Streams' `Materialized.withLoggingEnabled()` and
 * `withLoggingDisabled()`. Without it, a store that is lost, or whose task moves to another machine, starts empty.
 */
export type ChangelogSetting = 'enabled' | 'disabled';

/** What {@link keyValueStore} may be told. */
export interface KeyValueStoreOptions<K, V> {
  /** Default: JSON with sorted properties, so that equal keys have equal bytes. It cannot change in a store with content. */
  readonly key?: Serde<K> | AvroContract<K>;
  /**
   * Default: JSON; integers beyond 2^53 are bigints. A contract is written as Avro, and its schema is kept with the store:
   * after a change that Avro can resolve (a field with a default, a field less) the store is read on.
   */
  readonly value?: Serde<V> | AvroContract<V>;
  /** Default: `enabled`. */
  readonly changelog?: ChangelogSetting;
  /**
   * Milliseconds that an entry stays readable after it was written; default: for ever. A store that has content and gets
   * its first retention is rebuilt from its changelog, whose timestamps say how old the entries are.
   */
  readonly retentionMs?: number;
  /** Of the values: a whole number, raised when they change in a way that the serde does not see. Default 1. */
  readonly version?: number;
  /** How values of earlier versions are read; a version that is in the store and not here is refused. */
  readonly earlier?: readonly EarlierValues<V>[];
  /** What the values are, in a word. It is kept with the store, and a program that says something else is refused. */
  readonly holds?: string;
}

/** A topic's name has at most 249 characters, and the store's is a part of `<application.id>-<store>-changelog`. */
const LONGEST_NAME = 249 - '-changelog'.length - 'a-'.length;

/**
 * Declares a key-value store.
 *
 * @param name unique in its topology; a part of the changelog topic's name and of a path on disk
 * @throws TopologyError when the name cannot be part of a topic's name, the retention is not a positive number, or the
 *   versions are no whole numbers in order
 * @example
 * export const predictions = keyValueStore<{ id: number }, Prediction<number>>('predictions');
 */
export function keyValueStore<K = unknown, V = unknown>(
  name: string,
  options: KeyValueStoreOptions<K, V> = {},
): StoreDeclaration<K, V> {
  checkName(name);
  const { retentionMs, version = 1, earlier = [] } = options;
  checkVersions(
    name,
    version,
    earlier.map((values) => values.version),
  );
  if (retentionMs !== undefined && !(retentionMs > 0 && Number.isFinite(retentionMs))) {
    throw new TopologyError(
      `the store '${name}' has a retention of ${retentionMs} ms: retentionMs must be a positive number of ` +
        'milliseconds; leave it out to keep entries for ever',
      name,
    );
  }
  return Object.freeze({
    kind: 'key-value' as const,
    name,
    keySerde: serdeOf(options.key) ?? stableJson<K>(),
    valueSerde: serdeOf(options.value) ?? json<V>(),
    changelog: (options.changelog ?? 'enabled') === 'enabled',
    retentionMs,
    version,
    earlier: Object.freeze([...earlier]),
    holds: options.holds,
  });
}

/**
 * How values of an earlier version of a store are read: with the serde that wrote them, and a function that makes of each
 * what the store holds now. It is called when a value is read, and must give the same each time.
 *
 * @param version the one that the store was declared with
 * @example
 * export const visits = keyValueStore<string, Visits>('visits', {
 *   version: 2,
 *   earlier: [earlierValues(1, json<number>(), (count): Visits => ({ count, last: null }))],
 * });
 */
export function earlierValues<Old, V>(
  version: number,
  serde: Serde<Old> | AvroContract<Old>,
  upgrade: (value: Old) => V,
): EarlierValues<V> {
  return Object.freeze({ version, serde: serdeOf(serde), upgrade });
}

function serdeOf<T>(given: Serde<T> | AvroContract<T>): Serde<T>;
function serdeOf<T>(given: Serde<T> | AvroContract<T> | undefined): Serde<T> | undefined;
function serdeOf<T>(given: Serde<T> | AvroContract<T> | undefined): Serde<T> | undefined {
  return given instanceof AvroContract ? bareAvro(given) : given;
}

function checkVersions(name: string, version: number, earlier: readonly number[]): void {
  const isVersion = (value: number) => Number.isSafeInteger(value) && value > 0;
  if (isVersion(version) && earlier.every((one) => isVersion(one) && one < version)) return;
  throw new TopologyError(
    `the store '${name}' declares version ${version} and earlier ones [${earlier.join(', ')}]: versions are whole numbers ` +
      'from 1, and earlier ones are lower',
    name,
  );
}

function checkName(name: string): void {
  if (!/^[A-Za-z0-9._-]+$/.test(name) || name === '.' || name === '..') {
    throw new TopologyError(
      `'${name}' cannot name a store: the name is part of its changelog topic's, so it takes letters, digits, ` +
        `'.', '_' and '-'`,
      name,
    );
  }
  if (name.length > LONGEST_NAME) {
    throw new TopologyError(
      `the store name '${name.slice(0, 40)}…' has ${name.length} characters; ${LONGEST_NAME} is the most that a ` +
        `changelog topic's name leaves room for`,
      name,
    );
  }
}
