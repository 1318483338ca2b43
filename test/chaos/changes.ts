/**
 * What a database does to its cars, as Debezium writes it: rows are inserted, updated in what the model asks about and in
 * what it does not, deleted (with a tombstone after it), and inserted again; and now and then the last changes are delivered
 * once more, as a connector does after a restart.
 *
 * The header `change` names the change: with the key it tells what a record, and everything made of it, is about, also where
 * there is no row in it. A change that is delivered again has the same.
 */
import { type Car, listings } from '../../models/ford/listings.js';
import type { Header } from '../../src/record.js';
import { carSource } from '../car-source.js';
import { seeded } from '../e2e/seeded-random.js';

export const CHANGE_HEADER = 'change';

/** A row; `seller` is a column that was added later and that the model does not ask about. */
export interface Row extends Car {
  readonly seller: string;
}

/** What is read of a change event. */
export interface Envelope {
  readonly after: Row | null;
  readonly op: 'c' | 'u' | 'd';
  readonly source: { readonly lsn: number; readonly ts_ms: number };
}

/** A record for the input topic. */
export interface ChangeRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** Milliseconds since the epoch; never goes down. */
  readonly timestamp: number;
  readonly headers: readonly Header[];
}

const STARTED = Date.UTC(2026, 10, 1);
const FIRST_LSN = 30_000_000;
const MOST_REDELIVERED = 8;

/** Changes without end. The same seed gives the same ones. @param cars how many there are */
export function* changes(seed: number, cars: number): Generator<ChangeRecord, never, undefined> {
  const random = seeded(seed);
  const listed = listings(seed);
  const rows = new Map<number, Row>();
  const recent: Omit<ChangeRecord, 'timestamp'>[] = [];
  let written = 0;
  let lsn = FIRST_LSN;

  function* all(records: readonly Omit<ChangeRecord, 'timestamp'>[]): Generator<ChangeRecord, void, undefined> {
    for (const record of records) {
      yield { ...record, timestamp: STARTED + written };
      written += 1;
    }
  }

  for (;;) {
    if (random() < 0.02) yield* all(recent.slice(-Math.ceil(random() * MOST_REDELIVERED)));
    lsn += 64;
    const id = Math.floor(random() * cars);
    const before = rows.get(id);
    const now = STARTED + written;
    let records: readonly Omit<ChangeRecord, 'timestamp'>[];
    if (before === undefined) {
      const row: Row = { ...listed.next().value, id, seller: 's0' };
      rows.set(id, row);
      records = [change('c', row, id, lsn, now)];
    } else if (random() < 0.06) {
      rows.delete(id);
      const deleted = change('d', null, id, lsn, now);
      records = [deleted, { ...deleted, value: null }];
    } else {
      const asked = random() < 0.5;
      const row: Row = asked ? { ...before, mileage: before.mileage + 17 } : { ...before, seller: `s${lsn}` };
      rows.set(id, row);
      records = [change('u', row, id, lsn, now)];
    }
    yield* all(records);
    recent.push(...records);
    recent.splice(0, recent.length - MOST_REDELIVERED);
  }
}

function change(
  op: Envelope['op'],
  after: Row | null,
  id: number,
  lsn: number,
  at: number,
): Omit<ChangeRecord, 'timestamp'> {
  const before = op === 'd' ? { id } : null;
  return {
    key: Buffer.from(JSON.stringify({ id })),
    value: Buffer.from(JSON.stringify({ before, after, source: carSource(lsn, at), op, ts_ms: at })),
    headers: [{ key: CHANGE_HEADER, value: Buffer.from(String(lsn)) }],
  };
}
