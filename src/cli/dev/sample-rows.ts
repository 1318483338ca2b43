import { Client } from 'pg';
import type { SampleRows } from '../../app/millrace-config.js';
import type { Clock } from '../../clock.js';
import type { Console } from '../../console/index.js';
import { asError } from '../../errors.js';

/** How many rows, how fast. */
export interface SamplePlan {
  readonly rows: number;
  /** Rows per second; undefined: all at once. */
  readonly rate: number | undefined;
  readonly seed: number;
}

type Row = Readonly<Record<string, unknown>>;

const MOST_ROWS_A_STATEMENT = 500;

/** Inserts sample rows, as any client of the database would: begun when it is made, until all are in or it is stopped. */
export class SampleRowInserts {
  readonly #clock: Clock;
  readonly #inserting: Promise<void>;
  #stopped = false;
  #wake: () => void = () => undefined;

  /** @param screen told when a row is refused, which ends the insertion and nothing else */
  constructor(url: string, sample: SampleRows | undefined, plan: SamplePlan, clock: Clock, screen: Console) {
    this.#clock = clock;
    this.#inserting =
      sample === undefined || plan.rows === 0
        ? Promise.resolve()
        : this.#insert(url, sample, plan).catch((thrown) =>
            screen.message('error', `the sample rows could not be inserted: ${asError(thrown).message}`),
          );
  }

  /** Inserts no further row. Resolves when the statement under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#inserting;
  }

  async #insert(url: string, sample: SampleRows, { rows, rate, seed }: SamplePlan): Promise<void> {
    const client = new Client({ connectionString: url });
    // Told by the statement that runs, or the next one; without a listener it would end the process.
    client.on('error', () => undefined);
    await client.connect();
    try {
      const source = sample.rows(seed)[Symbol.iterator]();
      const startedAt = this.#clock.now();
      for (let inserted = 0; inserted < rows && !this.#stopped; ) {
        const elapsed = this.#clock.now() - startedAt;
        const due = rate === undefined ? rows : Math.min(rows, 1 + Math.floor((elapsed / 1_000) * rate));
        if (due === inserted) {
          await this.#pause((inserted / rate!) * 1_000 - elapsed);
          continue;
        }
        const batch = take(source, Math.min(due - inserted, MOST_ROWS_A_STATEMENT));
        if (batch.length === 0) return;
        await client.query(insertStatement(sample.table, batch));
        inserted += batch.length;
      }
    } finally {
      await client.end();
    }
  }

  /** Waits, but no longer than until `stop`. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(Math.max(1, ms), resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function take(source: Iterator<object>, count: number): Row[] {
  const rows: Row[] = [];
  while (rows.length < count) {
    const next = source.next();
    if (next.done === true) break;
    rows.push(next.value as Row);
  }
  return rows;
}

function insertStatement(table: string, rows: readonly Row[]) {
  const columns = Object.keys(rows[0]!);
  const values: unknown[] = [];
  const lines = rows.map((row) => `(${columns.map((column) => `$${values.push(row[column])}`).join(', ')})`);
  const names = columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ');
  return { text: `insert into ${table} (${names}) values ${lines.join(', ')}`, values };
}
