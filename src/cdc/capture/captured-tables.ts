/**
 * The tables that are captured, by what PostgreSQL calls them: made when one is first met, and made anew when it has
 * changed.
 */
import type pg from 'pg';
import type { Pgoutput } from 'pg-logical-replication';
import type { CaptureSettings } from './capture-config.js';
import { CapturedTable } from './captured-table.js';
import type { CaptureLogger } from './logger.js';
import { type PgType, readTypes } from './pg-type.js';
import { readTableDefinition, type TableDefinition } from './table-definition.js';
import { isIncluded } from './table-filter.js';

/** Makes what the records of a table need, where it is missing: a topic, schemas in a registry. */
export type MakeReady = (table: CapturedTable) => Promise<void>;

const IDENTITIES = { default: 'd', nothing: 'n', full: 'f', index: 'i' } as const;

export class CapturedTables {
  readonly #settings: CaptureSettings;
  readonly #logger: CaptureLogger;
  readonly #makeReady: MakeReady;
  /** By oid; with the text of what each was made from. */
  readonly #tables = new Map<number, { readonly table: CapturedTable; readonly made: string }>();

  constructor(settings: CaptureSettings, logger: CaptureLogger, makeReady: MakeReady) {
    this.#settings = settings;
    this.#logger = logger;
    this.#makeReady = makeReady;
  }

  /** The table of a change; undefined when it is not captured. */
  get(oid: number): CapturedTable | undefined {
    return this.#tables.get(oid)?.table;
  }

  /** A table as the catalogue has it. @throws Error when it is gone */
  async ofCatalogue(client: pg.Client, oid: number): Promise<CapturedTable> {
    const definition = await readTableDefinition(client, oid);
    if (definition === undefined) throw new Error(`The table with the oid ${oid} was dropped while it was looked at`);
    return this.#define(client, definition);
  }

  /**
   * A table as the log has it at this place. What a relation message does not say (null or not, defaults, the key) is
   * the catalogue's of now, as in Debezium.
   */
  async ofRelation(client: pg.Client, relation: Pgoutput.MessageRelation): Promise<void> {
    const oid = relation.relationOid >>> 0;
    const name = { schema: relation.schema, table: relation.name };
    if (!isIncluded(name, this.#settings['table.include.list'])) return;
    const now = await readTableDefinition(client, oid);
    const columns = relation.columns.map((column) => {
      const known = now?.columns.find((candidate) => candidate.name === column.name);
      return {
        name: column.name,
        typeOid: column.typeOid >>> 0,
        modifier: column.typeMod,
        notNull: known?.notNull ?? false,
        defaultExpression: known?.defaultExpression ?? null,
      };
    });
    const names = new Set(columns.map((column) => column.name));
    const identity = relation.replicaIdentity;
    const key = now?.key.every((column) => names.has(column))
      ? now.key
      : identity === 'full'
        ? []
        : relation.keyColumns;
    await this.#define(client, {
      ...name,
      oid,
      columns,
      key,
      replicaIdentity: IDENTITIES[identity],
      hasPrimaryKey: now?.hasPrimaryKey ?? key.length > 0,
    });
  }

  async #define(client: pg.Client, definition: TableDefinition): Promise<CapturedTable> {
    const types = await readTypes(
      client,
      definition.columns.map((column) => column.typeOid),
    );
    const made = madeFrom(definition, types);
    const known = this.#tables.get(definition.oid);
    if (known?.made === made) return known.table;
    const table = new CapturedTable(definition, types, {
      prefix: this.#settings['topic.prefix'],
      decimals: this.#settings['decimal.handling.mode'],
    });
    this.#warn(definition, table, known?.table);
    await this.#makeReady(table);
    this.#tables.set(definition.oid, { table, made });
    return table;
  }

  #warn(definition: TableDefinition, table: CapturedTable, before: CapturedTable | undefined): void {
    const leftOut = table.leftOut.join(', ');
    if (leftOut !== '' && leftOut !== before?.leftOut.join(', ')) {
      this.#logger.warn(`${table.name}: left out of its records, because their types cannot be written: ${leftOut}`);
    }
    if (before !== undefined) return;
    const { replicaIdentity } = definition;
    if (replicaIdentity === 'n' || (replicaIdentity === 'd' && !definition.hasPrimaryKey)) {
      this.#logger.warn(
        `${table.name} has no replica identity: PostgreSQL refuses to update and delete its rows while it is published. ` +
          'Give it a primary key, or set REPLICA IDENTITY FULL.',
      );
    }
    if (table.key.length === 0)
      this.#logger.warn(`${table.name} has no key: its records have null keys, and no order.`);
  }
}

/** All that a table's schemas and its decoding depend on, as a text. */
function madeFrom(definition: TableDefinition, types: ReadonlyMap<number, PgType>): string {
  const { schema, table, key, hasPrimaryKey, columns } = definition;
  return JSON.stringify([
    [schema, table, key, hasPrimaryKey],
    columns.map(({ name, typeOid, modifier, notNull, defaultExpression }) => [
      [name, modifier, notNull, defaultExpression],
      types.get(typeOid),
    ]),
  ]);
}
