/**
 * `distinct`: each change once, although change capture delivers some again.
 *
 * D1. A record is a duplicate only of a marker set by a smaller offset of its own topic and partition. So a marker that
 *     survives a crash without the output it belongs to makes no record vanish: neither the record that set it, nor
 *     one before it.
 * D2. Per key, positions in the database's log only grow. A change at or below the marker's position has been seen.
 * D3. A change below the marker's position that was committed later has not been seen: the log started again, after a
 *     failover or a restore. It is counted as stale, and warned of.
 * D4. A redriven record (a dead letter that comes back) is superseded by any marker of its partition that is not of a
 *     smaller offset: the changes behind it did not wait for it.
 * D5. What has no position, no key or no change in it passes.
 */
import type { Change, Long } from '../cdc/change.js';
import { ConfigurationError } from '../errors.js';
import type { ChangeContext, StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import type { ChangeMarker, ChangeMarkers, KeyPosition } from './change-markers.js';
import { isEnvelope } from './envelope.js';
import { ForgottenDeletes } from './forgotten-deletes.js';
import { type Forward, type Named, type Operator, type OperatorContext, operatorOf } from './operator.js';

/** What {@link distinct} is told. */
export interface DistinctOptions<K> extends Named {
  /** Where the position of each key's last change is kept. Declared with `changePositions`. */
  readonly remember: StoreDeclaration<K, ChangeMarkers>;
  /**
   * What to do with a change whose position is lower than the last one's though it was committed later: the database's
   * log started again after a failover or a restore. Default `pass`, since it is a change that nobody has seen;
   * `drop` is for those who know that the lower positions are the wrong ones.
   */
  readonly onStale?: 'pass' | 'drop';
  /** Milliseconds of stream time that a deleted key's position is kept. Default 24 hours. */
  readonly deleteRetentionMs?: number;
}

const DAY_MS = 86_400_000;

/**
 * Lets each change pass once: one whose log position is not above that of the last change of its key is dropped and
 * counted. Works on change events, and after `unwrap` on rows. The topic's key must identify the row.
 *
 * - A delete's position is kept for `deleteRetentionMs`; a redelivery that comes later still brings the row back.
 * - A tombstone passes once after each delete that passed; one that follows a redelivered delete is dropped.
 * - Rows of an incremental snapshot have no position, and pass: they are in their place in the partition.
 * - A redriven dead letter whose key has moved on since is dropped and counted as superseded.
 * - Under `at_least_once` a crash can still repeat changes; under `exactly_once_v2` a redelivered one changes nothing.
 *
 * @throws ConfigurationError when `deleteRetentionMs` is not a positive number
 * @example
 * stream(carChanges).pipe(filter(ofTable('public.car_data')), distinct({ remember: delivered }), unwrap())
 */
export function distinct<V, K>(options: DistinctOptions<K>): Operator<StreamRecord<V, K>, StreamRecord<V, K>> {
  const { remember, onStale = 'pass', deleteRetentionMs = DAY_MS } = options;
  if (!(deleteRetentionMs > 0)) {
    throw new ConfigurationError(
      `deleteRetentionMs of distinct() is ${deleteRetentionMs}: it takes a positive number of milliseconds`,
      'deleteRetentionMs',
    );
  }
  return operatorOf<StreamRecord<V, K>, StreamRecord<V, K>>({
    kind: 'MILLRACE-DISTINCT-',
    name: options.as,
    stores: [remember as StoreDeclaration],
    bind: (context, forward) => {
      const store = context.store(remember);
      const deletes = new ForgottenDeletes(store, () => context.streamTime(), deleteRetentionMs);
      return new Distinguishing<K>(onStale, store, deletes, context, forward).process as Forward<StreamRecord<V, K>>;
    },
  });
}

/** What is looked at of a change, on its envelope or beside its row. */
interface Seen extends Pick<ChangeContext, 'op' | 'schema' | 'table' | 'tsMs'> {
  readonly lsn: Long | null;
}

class Distinguishing<K> {
  readonly #onStale: 'pass' | 'drop';
  readonly #store: KeyValueStore<K, ChangeMarkers>;
  readonly #deletes: ForgottenDeletes<K>;
  readonly #context: OperatorContext;
  readonly #forward: Forward;
  #warned = false;

  constructor(
    onStale: 'pass' | 'drop',
    store: KeyValueStore<K, ChangeMarkers>,
    deletes: ForgottenDeletes<K>,
    context: OperatorContext,
    forward: Forward,
  ) {
    this.#onStale = onStale;
    this.#store = store;
    this.#deletes = deletes;
    this.#context = context;
    this.#forward = forward;
  }

  readonly process = (record: StreamRecord<unknown, K>): void => {
    const change = changeOf(record);
    if (record.key === null || record.key === undefined || (change === undefined && record.value !== null)) {
      this.#forward(record);
      return;
    }
    this.#deletes.sweepWhenDue();
    const markers = this.#store.get(record.key) ?? [];
    if (this.#isSuperseded(markers, record)) {
      this.#context.count('superseded');
      return;
    }
    const marker = this.#markerThatCounts(markers, record);
    if (change === undefined) this.#tombstone(record, markers, marker);
    else this.#change(record, change, markers, marker);
  };

  #change(
    record: StreamRecord<unknown, K>,
    change: Seen,
    markers: ChangeMarkers,
    marker: ChangeMarker | undefined,
  ): void {
    const verdict = marker === undefined ? 'new' : verdictOn(change, marker);
    if (verdict === 'seen') {
      this.#context.count('duplicate');
      return;
    }
    if (verdict === 'stale') {
      this.#context.count('stale');
      this.#warn(record, change, marker as ChangeMarker);
      if (this.#onStale === 'drop') return;
    }
    const { op } = change;
    const { topic, partition, offset } = record;
    const position = positionAfter(change, marker);
    const set = { position, op, topic, partition, offset };
    this.#put(record, markers, op === 'd' ? { ...set, deletedAt: this.#context.streamTime() } : set);
    this.#forward(record);
  }

  #tombstone(record: StreamRecord<unknown, K>, markers: ChangeMarkers, marker: ChangeMarker | undefined): void {
    if (marker !== undefined) {
      const followed = marker.tombstone !== undefined && marker.tombstone < record.offset;
      if (marker.op !== 'd' || followed) {
        this.#context.count('duplicate');
        return;
      }
      this.#put(record, markers, { ...marker, tombstone: record.offset });
    }
    this.#forward(record);
  }

  #isSuperseded(markers: ChangeMarkers, { topic, partition, offset }: StreamRecord): boolean {
    if (markers.length === 0 || !this.#context.redriven()) return false;
    return markers.some(
      (marker) =>
        marker.topic === topic &&
        marker.partition === partition &&
        Math.max(marker.offset, marker.tombstone ?? -1) >= offset,
    );
  }

  /** The marker of the record's topic, unless it is to be ignored: set by a later record, or forgotten. */
  #markerThatCounts(markers: ChangeMarkers, record: StreamRecord<unknown, K>): ChangeMarker | undefined {
    const marker = markers.find(({ topic }) => topic === record.topic);
    if (marker === undefined || marker.partition !== record.partition || marker.offset >= record.offset)
      return undefined;
    if (marker.deletedAt !== undefined && this.#deletes.isForgotten(marker.deletedAt)) return undefined;
    return marker;
  }

  #put(record: StreamRecord<unknown, K>, markers: ChangeMarkers, marker: ChangeMarker): void {
    const others = markers.length === 0 ? markers : markers.filter(({ topic }) => topic !== marker.topic);
    this.#store.put(record.key, others.length === 0 ? [marker] : [...others, marker]);
  }

  /** Once for each task: where the log started again, every key has such a change. The count says how many. */
  #warn(record: StreamRecord, change: Seen, marker: ChangeMarker): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(
      `'${this.#context.node}' met a change of ${change.schema}.${change.table} at log position ${change.lsn} ` +
        `(${record.topic}-${record.partition}, offset ${record.offset}) that was committed after one at ${marker.position.lsn} ` +
        `of the same key: the database's log has started again, as after a failover or a restore. Such changes ` +
        (this.#onStale === 'pass' ? 'pass' : `are dropped; with onStale: 'pass' they would pass`),
      { type: 'MillraceWarning', code: 'MILLRACE_STALE_CHANGE' },
    );
  }
}

function changeOf(record: StreamRecord): Seen | undefined {
  if (record.change !== undefined) return record.change;
  const { value } = record;
  return isEnvelope(value, record.valueSchema) ? seenOf(value) : undefined;
}

function seenOf({ op, source }: Change<unknown>): Seen {
  const { schema, table, lsn = null, ts_ms: tsMs } = source;
  return { op, schema, table, lsn, tsMs };
}

function verdictOn(change: Seen, { position }: ChangeMarker): 'new' | 'seen' | 'stale' {
  if (change.lsn === null || position.lsn === null) return 'new';
  const last = BigInt(position.lsn);
  if (change.lsn > last) return 'new';
  if (change.lsn < last) return change.tsMs > position.tsMs ? 'stale' : 'seen';
  return position.snapshot && change.op !== 'r' ? 'new' : 'seen';
}

/** A change without a position, from an incremental snapshot, leaves the key where it was. */
function positionAfter({ lsn, tsMs, op }: Seen, marker: ChangeMarker | undefined): KeyPosition {
  if (lsn === null && marker !== undefined) return marker.position;
  return { lsn: lsn === null ? null : String(lsn), tsMs, snapshot: op === 'r' };
}
