/** What the stores of the topology hold, by their changelogs and on the disks, held against what must be remembered. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { features } from '../../models/ford/index.js';
import type { Broker } from '../../src/brokers/port.js';
import type { ChangeMarkers } from '../../src/operators/change-markers.js';
import { changeMarkersJson } from '../../src/operators/change-markers-json.js';
import { Fingerprints } from '../../src/operators/fingerprint.js';
import { predictionsJson } from '../../src/operators/predictions-json.js';
import { NO_HEADERS } from '../../src/record.js';
import { readTopic } from '../../src/replay/read-topic.js';
import type { Serde } from '../../src/serde/serde.js';
import { isFormatRecord } from '../../src/state/format-record.js';
import { lmdbEngines } from '../../src/state/lmdb.js';
import type { Expected, ExpectedMarker } from './expected.js';
import type { Prices } from './prices.js';

/** A change of a store, in the order of its changelog partition. */
interface Change {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
}

/** A changelog, read as read_committed: changes by partition. */
export type Changelog = ReadonlyMap<number, readonly Change[]>;

export async function readChangelog(broker: Broker, topic: string): Promise<Changelog> {
  const partitions = new Map<number, Change[]>();
  for await (const { partition, offset, key, value } of readTopic(broker, topic)) {
    if (key === null || isFormatRecord(key)) continue;
    const changes = partitions.get(partition) ?? [];
    changes.push({ offset, key: String(key), value: value === null ? null : String(value) });
    partitions.set(partition, changes);
  }
  return partitions;
}

/** The last value of each key. */
export function lastValues(changelog: Changelog): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  for (const changes of changelog.values()) apply(last, changes);
  return last;
}

/** How many keys the memory of `distinct` has wrong. @param isSame whether what is remembered is what must be */
export function wrongMarkers(
  remembered: ReadonlyMap<string, string>,
  { markers }: Expected,
  isSame: (remembered: ChangeMarkers, expected: ExpectedMarker) => boolean,
): number {
  let wrong = [...remembered.keys()].filter((key) => !markers.has(key)).length;
  for (const [key, marker] of markers) {
    const value = read(changeMarkersJson(), remembered.get(key));
    if (value === null || !isSame(value, marker)) wrong += 1;
  }
  return wrong;
}

/** Under exactly-once everything is as if nothing had happened. */
export function isExactly(remembered: ChangeMarkers, expected: ExpectedMarker): boolean {
  return isDeepStrictEqual(remembered, [expected]);
}

/** Under at-least-once a change that came twice may have been remembered at either offset. */
export function isOfSameChange([marker, ...others]: ChangeMarkers, { position, op }: ExpectedMarker): boolean {
  return others.length === 0 && isDeepStrictEqual(marker?.position, position) && marker?.op === op;
}

/** How many keys the memory of `predict` has wrong; what it says they cost goes to `prices`. */
export function wrongPredictions(remembered: ReadonlyMap<string, string>, { rows }: Expected, prices: Prices): number {
  const fingerprints = new Fingerprints();
  let wrong = [...remembered.keys()].filter((key) => !rows.has(key)).length;
  for (const [key, row] of rows) {
    const value = read(predictionsJson<number>(), remembered.get(key));
    if (value === null || value.fingerprint !== fingerprints.of(features(row))) wrong += 1;
    else prices.check(row, value.prediction);
  }
  return wrong;
}

function read<T>(serde: Serde<T>, value: string | undefined): T | null {
  const bytes = value === undefined ? null : Buffer.from(value);
  return serde.deserialize(bytes, { topic: '', headers: NO_HEADERS, schema: undefined });
}

/**
 * How many keys of the stores on a disk are wrong: what a store holds, and the changelog from the position on that it says
 * it stands for, must make the last value of each key. Nothing may hold the stores.
 *
 * @param tasks the folder of a process's tasks
 */
export async function wrongOnDisk(tasks: string, store: string, changelog: Changelog): Promise<number> {
  let wrong = 0;
  const engines = lmdbEngines(tasks);
  // A process that was never given a partition has no folder.
  for (const task of existsSync(tasks) ? await readdir(tasks) : []) {
    const changes = changelog.get(Number(task.split('_')[1])) ?? [];
    const engine = await engines.open(join(task, store));
    try {
      const held = new Map<string, string>();
      for (const [key, value] of engine.entries()) if (!isFormatRecord(key)) held.set(String(key), String(value));
      const { position } = engine;
      // Without a position it is rebuilt, whatever it holds.
      if (position === undefined) continue;
      apply(
        held,
        changes.filter(({ offset }) => offset >= position),
      );
      wrong += differences(held, lastValues(new Map([[0, changes]])));
    } finally {
      await engine.close();
    }
  }
  return wrong;
}

function apply(values: Map<string, string>, changes: readonly Change[]): void {
  for (const { key, value } of changes) {
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
}

function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): number {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).length;
}
