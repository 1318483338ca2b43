/**
 * The rows that are there before the first change: Debezium's initial snapshot.
 *
 * N1. It sees the database exactly as it was where the stream begins: a replication slot's exported snapshot. Nothing is
 *     missed between the two, and nothing is in both.
 * N2. Rows are read by a cursor, a batch at a time, and only as fast as they are published.
 * N3. Its position is published with its last rows: an interrupted one begins again, in full.
 */
import pg from 'pg';
import type { Clock } from '../../clock.js';
import type { CapturePosition } from './capture-position.js';
import type { CapturedTable, Tuple } from './captured-table.js';
import { type ChangeOrigin, type ChangeRecords, momentOfMicros } from './change-records.js';
import type { Publisher } from './publisher.js';

export interface SnapshotProgress {
  onTable(table: string, tablesDone: number): void;
  onRow(table: string): void;
}

/** A row and its marker, except whether it is the last of all. */
interface Read {
  readonly table: CapturedTable;
  readonly tuple: Tuple;
  readonly marker: ChangeOrigin['snapshot'];
}

/**
 * Reads tables within the exported snapshot and publishes their rows.
 *
 * @param client in no transaction; afterwards it is in none again
 * @param exported the name that CREATE_REPLICATION_SLOT gave the snapshot
 * @param oids of the tables, in the order in which they are read
 * @param describe reads a table's definition, within the snapshot
 */
export async function takeSnapshot(
  client: pg.Client,
  exported: string,
  oids: readonly number[],
  describe: (oid: number) => Promise<CapturedTable>,
  parts: {
    readonly records: ChangeRecords;
    readonly publisher: Publisher;
    readonly clock: Clock;
    readonly fetchSize: number;
    readonly progress: SnapshotProgress;
  },
  end: CapturePosition,
): Promise<void> {
  const { records, publisher, progress } = parts;
  await client.query('begin isolation level repeatable read');
  await client.query(`set transaction snapshot ${pg.escapeLiteral(exported)}`);
  const txId = Number((await client.query<{ id: string }>('select pg_current_xact_id() as id')).rows[0]!.id);
  const origin = { at: momentOfMicros(parts.clock.now() * 1_000), txId, lsn: end.lsn, lastCommitLsn: null };

  const publish = ({ table, tuple, marker }: Read): void => {
    const after = table.row(tuple);
    const rows = { before: null, after };
    publisher.add(
      [records.change(table, 'r', table.keyOf(after), rows, { ...origin, snapshot: marker }, null)],
      undefined,
    );
    progress.onRow(table.name);
  };

  // One row is held back until another comes: the last of all is marked so, also when the tables after its own are empty.
  let held: Read | undefined;
  for (const [index, oid] of oids.entries()) {
    const table = await describe(oid);
    const place = { isFirst: index === 0, isLast: index === oids.length - 1 };
    let rowsBefore = 0;
    let ofTable: Tuple | undefined;
    for await (const batch of batchesOf(client, table, parts.fetchSize)) {
      for (const tuple of batch) {
        if (ofTable !== undefined) {
          if (held !== undefined) publish(held);
          held = { table, tuple: ofTable, marker: markerOf(place, rowsBefore++, false) };
        }
        ofTable = tuple;
      }
      await publisher.room();
    }
    if (ofTable !== undefined) {
      if (held !== undefined) publish(held);
      held = { table, tuple: ofTable, marker: markerOf(place, rowsBefore, true) };
    }
    progress.onTable(table.name, index + 1);
  }
  if (held !== undefined) publish({ ...held, marker: 'last' });
  publisher.settle(end);
  await client.query('commit');
}

/** Debezium's order of precedence: `RelationalSnapshotChangeEventSource.setSnapshotMarker`. */
function markerOf(
  place: { readonly isFirst: boolean; readonly isLast: boolean },
  rowsBefore: number,
  isLastOfTable: boolean,
): ChangeOrigin['snapshot'] {
  if (isLastOfTable && place.isLast) return 'last';
  if (rowsBefore === 0 && place.isFirst) return 'first';
  if (isLastOfTable) return 'last_in_data_collection';
  return rowsBefore === 0 ? 'first_in_data_collection' : 'true';
}

async function* batchesOf(client: pg.Client, table: CapturedTable, size: number): AsyncGenerator<readonly Tuple[]> {
  const name = `${pg.escapeIdentifier(table.schema)}.${pg.escapeIdentifier(table.table)}`;
  await client.query(`declare captured_rows no scroll cursor for select * from only ${name}`);
  for (;;) {
    const { rows } = await client.query<Record<string, string | null>>(`fetch forward ${size} from captured_rows`);
    yield rows;
    if (rows.length < size) break;
  }
  await client.query('close captured_rows');
}
