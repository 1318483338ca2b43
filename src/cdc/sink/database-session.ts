/**
 * One connection to the target database, opened when it is needed and thrown away when it fails.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import type { Clock } from '../../clock.js';
import { DatabaseError } from './database-errors.js';
import type { TableSinkSettings } from './sink-config.js';

const CONNECT_TIMEOUT_MS = 5_000;

export class DatabaseSession {
  private client: pg.Client | undefined;
  private socket: Socket | undefined;
  private inTransaction = false;

  constructor(
    private readonly settings: TableSinkSettings,
    private readonly clock: Clock,
  ) {}

  /** Runs one statement and gives its rows. Connects first where needed. @throws DatabaseError */
  async query<R extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values: readonly string[]): Promise<R[]> {
    return this.ask<R>({ text, values: [...values] });
  }

  /** Runs a statement that this connection prepares once; `name` stands for its text. @throws DatabaseError */
  async prepared(name: string, text: string, values: readonly string[]): Promise<void> {
    await this.ask({ name, text, values: [...values] });
  }

  /** Commits what `work` does with this session, or nothing of it. */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.query('begin', []);
    this.inTransaction = true;
    try {
      await work();
      await this.query('commit', []);
    } catch (error) {
      // A connection that cannot even roll back is of no use: the server rolls back when it is gone.
      await this.query('rollback', []).catch(() => this.lost());
      throw error;
    } finally {
      this.inTransaction = false;
    }
  }

  /** Cuts the connection, whatever it is doing: a statement under way rejects. The next one opens another. */
  lost(): void {
    this.socket?.destroy();
    this.socket = undefined;
    this.client = undefined;
  }

  /** Says goodbye, and does not wait for an answer longer than `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const { client, socket } = this;
    this.client = undefined;
    this.socket = undefined;
    if (client === undefined) return;
    const giveUp = this.clock.after(timeoutMs, () => socket?.destroy());
    try {
      await client.end();
    } finally {
      giveUp.cancel();
      socket?.destroy();
    }
  }

  private async ask<R extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<R[]> {
    try {
      const client = await this.open();
      return (await client.query<R>(query)).rows;
    } catch (error) {
      throw new DatabaseError(error);
    }
  }

  private async open(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    // Going on over a new connection would commit the second half without the first.
    if (this.inTransaction) throw new Error('the connection to the database was lost inside a transaction');
    const socket = new Socket();
    const { settings } = this;
    const client = new pg.Client({
      connectionString: connectionString(settings),
      application_name: `millrace ${settings.name}`.slice(0, 63),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      stream: () => socket,
    });
    // Reported by the statement that runs, or by the next one; without a listener it would end the process.
    client.on('error', () => {
      if (this.client === client) this.lost();
    });
    await client.connect();
    this.client = client;
    this.socket = socket;
    return client;
  }
}

/** User and password go into the URL: the driver takes nothing beside it. */
function connectionString(settings: TableSinkSettings): string {
  const url = new URL(settings['connection.url']);
  const { 'connection.username': user, 'connection.password': password } = settings;
  if (user !== undefined) url.username = encodeURIComponent(user);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}
