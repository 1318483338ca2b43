/**
 * Writes decoded records into their tables.
 *
 *  W1. What `write` reports as written is committed in the database, in full, and is a prefix of the records.
 *  W2. Writing a record again, alone or among others, leaves the same row.
 *  W3. Of several records of a key the last one counts.
 */
import type { Clock } from '../../clock.js';
import { RecordError } from '../../errors.js';
import { DatabaseError } from './database-errors.js';
import { DatabaseSession } from './database-session.js';
import { tableOf } from './identifier.js';
import { type TableChanges, tableChanges } from './row-changes.js';
import { rowShapes } from './row-shape.js';
import type { TableSinkSettings } from './sink-config.js';
import { refused, type SinkRecord } from './sink-record.js';
import { deleteSql, upsertSql } from './statements.js';
import { fitTable, readTable, type Table } from './table.js';

export interface WriteResult {
  /** How many records, from the first, are written. */
  readonly written: number;
  /** Why the one after them is not; undefined when all are written. */
  readonly refused: RecordError | undefined;
}

interface Statement {
  readonly sql: string;
  readonly parameters: readonly string[];
}

export class TableWriter {
  private readonly session: DatabaseSession;
  private readonly shapeOf;
  /** By topic, with the shapes that it is known to fit. */
  private readonly tables = new Map<string, { table: Table; fits: Set<number> }>();
  private readonly statementNames = new Map<string, string>();

  constructor(
    private readonly settings: TableSinkSettings,
    clock: Clock,
  ) {
    this.session = new DatabaseSession(settings, clock);
    this.shapeOf = rowShapes(settings);
  }

  /**
   * Writes records up to the first that cannot be written.
   *
   * @throws DatabaseError when it is no record's fault; nothing is known then of how much was written, and W2 makes it
   * harmless to write all again. ConfigurationError when the table cannot be made to fit
   */
  async write(records: readonly SinkRecord[]): Promise<WriteResult> {
    try {
      await this.writeAll(records);
      return { written: records.length, refused: undefined };
    } catch (error) {
      if (error instanceof RecordError) return this.writeBefore(records, error);
      if (!(error instanceof DatabaseError) || error.kind !== 'record') throw error;
      if (records.length > 1) return this.writeHalves(records);
      return { written: 0, refused: refused(records[0] as SinkRecord, error.message, error.cause) };
    }
  }

  /** Cuts the connection, and forgets what was known of the tables. */
  lost(): void {
    this.session.lost();
    this.tables.clear();
  }

  close(timeoutMs: number): Promise<void> {
    return this.session.close(timeoutMs);
  }

  /** The record that the error names stands somewhere; those before it are written. */
  private async writeBefore(records: readonly SinkRecord[], error: RecordError): Promise<WriteResult> {
    const { topic, partition, offset } = error.position;
    const at = records.findIndex((r) => r.offset === offset && r.partition === partition && r.topic === topic);
    if (at <= 0) return { written: 0, refused: error };
    const before = await this.write(records.slice(0, at));
    return before.refused === undefined ? { written: at, refused: error } : before;
  }

  /** PostgreSQL says what it refuses, but not which row of many it was in. */
  private async writeHalves(records: readonly SinkRecord[]): Promise<WriteResult> {
    const middle = Math.floor(records.length / 2);
    const first = await this.write(records.slice(0, middle));
    if (first.refused !== undefined) return first;
    const second = await this.write(records.slice(middle));
    return { written: middle + second.written, refused: second.refused };
  }

  private async writeAll(records: readonly SinkRecord[]): Promise<void> {
    const statements = await this.statements(records);
    try {
      await this.run(statements);
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== 'table') throw error;
      // Somebody changed a table under us: look again, once.
      this.tables.clear();
      await this.run(await this.statements(records));
    }
  }

  private async run(statements: readonly Statement[]): Promise<void> {
    const runAll = async () => {
      for (const { sql, parameters } of statements) {
        await this.session.prepared(this.statementName(sql), sql, parameters);
      }
    };
    // A statement alone is a transaction of its own.
    await (statements.length > 1 ? this.session.transaction(runAll) : runAll());
  }

  private async statements(records: readonly SinkRecord[]): Promise<Statement[]> {
    const statements: Statement[] = [];
    for (const [topic, ofTopic] of byTopic(records)) {
      const changes = tableChanges(ofTopic, this.shapeOf);
      const table = await this.tableFor(topic, changes);
      // Deletes of a table that never was: there is nothing to delete.
      if (table === undefined) continue;
      const actual = (column: string) => table.columns.get(column);
      for (const { keyColumns, parameters } of changes.deletes) {
        statements.push({ sql: deleteSql(table.name, keyColumns, actual), parameters });
      }
      for (const { columns, keyColumns, parameters } of changes.upserts) {
        statements.push({ sql: upsertSql(table.name, columns, keyColumns, actual), parameters });
      }
    }
    return statements;
  }

  private async tableFor(topic: string, changes: TableChanges): Promise<Table | undefined> {
    const name = tableOf(topic, this.settings);
    const known = this.tables.get(topic);
    let table = known?.table ?? (await readTable(this.session, name));
    const fits = known?.fits ?? new Set<number>();
    for (const shape of changes.shapes) {
      if (fits.has(shape.id)) continue;
      table = await fitTable(this.session, name, table, shape, this.settings['schema.evolution']);
      fits.add(shape.id);
    }
    if (table !== undefined) this.tables.set(topic, { table, fits });
    return table;
  }

  private statementName(sql: string): string {
    let name = this.statementNames.get(sql);
    if (name === undefined) {
      name = `millrace_${this.statementNames.size}`;
      this.statementNames.set(sql, name);
    }
    return name;
  }
}

function byTopic(records: readonly SinkRecord[]): Map<string, SinkRecord[]> {
  const topics = new Map<string, SinkRecord[]>();
  for (const record of records) {
    const ofTopic = topics.get(record.topic);
    if (ofTopic === undefined) topics.set(record.topic, [record]);
    else ofTopic.push(record);
  }
  return topics;
}
