/** The slot: the server's memory of how far the log is read, for which it keeps the log. */
import type pg from 'pg';
import { ConfigurationError } from '../../errors.js';
import { formatLsn, parseLsn } from './log-position.js';
import type { ReplicationConnection } from './replication-connection.js';

export interface Slot {
  /** The server sends nothing that ends at or before it. */
  readonly confirmedLsn: number;
  /** The log that it needs was removed (`max_slot_wal_keep_size`): it can no longer be read. */
  readonly isLost: boolean;
}

interface SlotRow {
  plugin: string | null;
  database: string | null;
  confirmed: string | null;
  status: string | null;
}

/**
 * @returns undefined when there is none
 * @throws ConfigurationError when a slot of this name serves another purpose
 */
export async function findSlot(client: pg.Client, name: string, database: string): Promise<Slot | undefined> {
  const { rows } = await client.query<SlotRow>(
    `select plugin, database, confirmed_flush_lsn as confirmed, wal_status as status
     from pg_catalog.pg_replication_slots where slot_name = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.plugin !== 'pgoutput' || row.database !== database) {
    throw new ConfigurationError(
      `The replication slot ${name} is of the plugin ${row.plugin} and the database ${row.database}, not of pgoutput and ` +
        `${database}. Name another in slot.name.`,
      'slot.name',
    );
  }
  return { confirmedLsn: row.confirmed === null ? 0 : parseLsn(row.confirmed), isLost: row.status === 'lost' };
}

/** Makes the slot. Waits for the transactions that run now. @returns where its log begins */
export async function createSlot(replication: ReplicationConnection, name: string): Promise<number> {
  const [row] = await replication.query<{ consistent_point: string }>(
    `CREATE_REPLICATION_SLOT "${name}" LOGICAL pgoutput (SNAPSHOT 'nothing')`,
  );
  return parseLsn(row!.consistent_point);
}

/** A snapshot of the database and the place in the log that it is of. Valid while the connection does nothing else. */
export interface ExportedSnapshot {
  readonly name: string;
  readonly lsn: number;
}

/**
 * Exports a snapshot, by a slot that ends with the connection. The lasting slot, which must be older, is then read from
 * the same place; so it does not matter whether it was made now, before an interrupted snapshot, or by somebody else.
 */
export async function exportSnapshot(replication: ReplicationConnection, name: string): Promise<ExportedSnapshot> {
  const temporary = `${name.slice(0, 40)}_snapshot_${process.pid}`;
  const [row] = await replication.query<{ consistent_point: string; snapshot_name: string }>(
    `CREATE_REPLICATION_SLOT "${temporary}" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')`,
  );
  return { name: row!.snapshot_name, lsn: parseLsn(row!.consistent_point) };
}

/** What the server keeps for the slot. */
export interface SlotLag {
  /** Bytes of log that it cannot remove. */
  readonly keptBytes: number;
  /** Bytes of log behind what was acknowledged. */
  readonly lagBytes: number;
}

export async function measureSlot(client: pg.Client, name: string): Promise<SlotLag | undefined> {
  const { rows } = await client.query<{ kept: string | null; lag: string | null }>(
    `select pg_current_wal_lsn() - restart_lsn as kept, pg_current_wal_lsn() - confirmed_flush_lsn as lag
     from pg_catalog.pg_replication_slots where slot_name = $1`,
    [name],
  );
  const [row] = rows;
  return row === undefined ? undefined : { keptBytes: Number(row.kept ?? 0), lagBytes: Number(row.lag ?? 0) };
}

/** What is said when the log that a position needs is gone. */
export function lostLog(name: string, prefix: string, lsn: number | undefined, why: string): ConfigurationError {
  return new ConfigurationError(
    `The capture ${prefix} has published the log up to ${lsn === undefined ? 'its snapshot' : formatLsn(lsn)}, but ${why}: ` +
      `changes since then are lost to it. Set snapshot.mode=when_needed to take a new snapshot, or name the right slot in ` +
      `slot.name (now ${name}).`,
    'slot.name',
  );
}
