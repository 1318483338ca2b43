/** Declarations of stores: frozen values that open nothing. `state/` exports them, the runtime binds them. */
import { TopologyError } from '../errors.js';
import { json } from '../serde/json.js';
import type { Serde } from '../serde/serde.js';
import { stableJson } from './stable-json.js';
import type { StoreDeclaration } from './store.js';

/**
 * Whether the changes of a store go to its changelog topic: Kafka Streams' `Materialized.withLoggingEnabled()` and
 * `withLoggingDisabled()`. Without it, a store that is lost, or whose task moves to another machine, starts empty.
 */
export type ChangelogSetting = 'enabled' | 'disabled';

/** What {@link keyValueStore} may be told. */
export interface KeyValueStoreOptions<K, V> {
  /** Default: JSON with sorted properties, so that equal keys have equal bytes. */
  readonly key?: Serde<K>;
  /** Default: JSON; integers beyond 2^53 are bigints. */
  readonly value?: Serde<V>;
  /** Default: `enabled`. */
  readonly changelog?: ChangelogSetting;
  /**
   * Milliseconds that an entry stays readable after it was written; default: for ever. Declaring it changes what the
   * bytes of an entry look like: a store that already has content needs a new name.
   */
  readonly retentionMs?: number;
}

/** A topic's name has at most 249 characters, and the store's is a part of `<application.id>-<store>-changelog`. */
const LONGEST_NAME = 249 - '-changelog'.length - 'a-'.length;

/**
 * Declares a key-value store.
 *
 * @param name unique in its topology; a part of the changelog topic's name and of a path on disk
 * @throws TopologyError when the name cannot be part of a topic's name, or the retention is not a positive number
 * @example
 * export const predictions = keyValueStore<{ id: number }, Prediction<number>>('predictions');
 */
export function keyValueStore<K = unknown, V = unknown>(
  name: string,
  options: KeyValueStoreOptions<K, V> = {},
): StoreDeclaration<K, V> {
  checkName(name);
  const { retentionMs } = options;
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
    keySerde: options.key ?? stableJson<K>(),
    valueSerde: options.value ?? json<V>(),
    changelog: (options.changelog ?? 'enabled') === 'enabled',
    retentionMs,
  });
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
