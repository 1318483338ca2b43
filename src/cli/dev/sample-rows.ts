import { Client } from 'pg';
import type { SampleRows } from '../../app/millrace-config.js';
import { type Clock, delay } from '../../clock.js';

/** How many rows, how fast. */
export interface SamplePlan {
  readonly rows: number;
  /** Rows per second; undefined: all at once. */
  readonly rate: number | undefined;
  readonly seed: number;
}

type Row = Readonly<Record<string, unknown>>;

const MOST_ROWS_A_STATEMENT = 500;

/**
 * Inserts sample rows, as any client of the database would.
 *
 * @param stopped asked between statements
 */
export async function insertSampleRows(
  url: string,
  sample: SampleRows,
  plan: SamplePlan,
  clock: Clock,
  stopped: () => boolean,
): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const source = sample.rows(plan.seed)[Symbol.iterator]();
    const startedAt = clock.now();
    let inserted = 0;
    while (inserted < plan.rows && !stopped()) {
      const due = plan.rate === undefined ? plan.rows : Math.ceil(((clock.now() - startedAt) / 1_000) * plan.rate) + 1;
      const count = Math.min(plan.rows - inserted, due - inserted, MOST_ROWS_A_STATEMENT);
      if (count <= 0) {
        await delay(clock, Math.max(1, 1_000 / plan.rate!));
        continue;
      }
      const rows: Row[] = [];
      while (rows.length < count) {
        const row = source.next();
        if (row.done === true) break;
        rows.push(row.value as Row);
      }
      if (rows.length === 0) return;
      await client.query(insertStatement(sample.table, rows));
      inserted += rows.length;
    }
  } finally {
    await client.end();
  }
}

function insertStatement(table: string, rows: readonly Row[]) {
  const columns = Object.keys(rows[0]!);
  const values: unknown[] = [];
  const lines = rows.map((row) => `(${columns.map((column) => `$${values.push(row[column])}`).join(', ')})`);
  const names = columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ');
  return { text: `insert into ${table} (${names}) values ${lines.join(', ')}`, values };
}
