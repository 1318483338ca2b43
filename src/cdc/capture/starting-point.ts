/** Where a session begins: with a snapshot, at the position that was published, or at the slot's. */
import type pg from 'pg';
import { ConfigurationError } from '../../errors.js';
import type { CaptureSettings } from './capture-config.js';
import type { CapturePosition, LogIdentity } from './capture-position.js';
import type { CaptureLogger } from './logger.js';
import type { ReplicationConnection } from './replication-connection.js';
import { createSlot, findSlot, lostLog, type Slot } from './replication-slot.js';

export type StartingPoint =
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'stream'; readonly from: Pick<CapturePosition, 'lsn' | 'lastCommitLsn' | 'partial'> }
  | { readonly kind: 'nothing to do' };

/** @throws ConfigurationError when the server does not write what logical decoding needs */
export async function identify(
  client: pg.Client,
  replication: ReplicationConnection,
  settings: CaptureSettings,
): Promise<LogIdentity> {
  const { rows } = await client.query<{ level: string }>(`select current_setting('wal_level') as level`);
  if (rows[0]?.level !== 'logical') {
    throw new ConfigurationError(
      `The server has wal_level=${rows[0]?.level}; changes are in its log only with wal_level=logical. Set it in ` +
        'postgresql.conf and restart the server.',
      'wal_level',
    );
  }
  const [system] = await replication.query<{ systemid: string }>('IDENTIFY_SYSTEM');
  return { systemId: system!.systemid, database: settings['database.dbname'], slot: settings['slot.name'] };
}

/**
 * Decides where to begin, and sees to it that the slot exists.
 *
 * @throws ConfigurationError when the log behind the published position is gone and no new snapshot may be taken
 */
export async function startingPoint(
  client: pg.Client,
  replication: ReplicationConnection,
  settings: CaptureSettings,
  identity: LogIdentity,
  published: CapturePosition | undefined,
  logger: CaptureLogger,
): Promise<StartingPoint> {
  const mode = settings['snapshot.mode'];
  if (mode === 'initial_only') return published === undefined ? { kind: 'snapshot' } : { kind: 'nothing to do' };

  const found = await findSlot(client, identity.slot, identity.database);
  const gap = published === undefined ? undefined : whyLogIsGone(published, identity, found);
  if (published !== undefined && gap !== undefined) {
    if (mode !== 'when_needed') throw lostLog(identity.slot, settings['topic.prefix'], published.lsn, gap);
    logger.warn(`a new snapshot is needed, because ${gap}`);
  }
  if (found?.isLost) await client.query('select pg_drop_replication_slot($1)', [identity.slot]);
  const slot = found === undefined || found.isLost ? undefined : found;
  const begin = slot?.confirmedLsn ?? (await createSlot(replication, identity.slot));
  if (published !== undefined && gap === undefined) return { kind: 'stream', from: published };
  if (mode === 'no_data' || mode === 'never') {
    return { kind: 'stream', from: { lsn: begin, lastCommitLsn: null, partial: null } };
  }
  return { kind: 'snapshot' };
}

function whyLogIsGone(published: CapturePosition, identity: LogIdentity, slot: Slot | undefined): string | undefined {
  if (published.systemId !== identity.systemId) return 'the database is another one (its cluster was made anew)';
  if (published.database !== identity.database) return `that was the database ${published.database}`;
  if (published.slot !== identity.slot) return `that was by the slot ${published.slot}`;
  if (slot === undefined) return `its replication slot ${identity.slot} is gone`;
  return slot.isLost ? `the log of its slot ${identity.slot} was removed (max_slot_wal_keep_size)` : undefined;
}
