/** How the capture connects to the database, and in which words the server then writes values. */
import { Socket } from 'node:net';
import pg from 'pg';
import type { CaptureSettings } from './capture-config.js';

/**
 * Every session writes values the same way, whatever the server's own settings are; temporal-text.ts and column-type.ts
 * rely on it.
 */
const SESSION = [
  'datestyle=ISO',
  'intervalstyle=iso_8601',
  'timezone=UTC',
  'bytea_output=hex',
  'extra_float_digits=1',
  'lc_monetary=C',
  'statement_timeout=0',
  'idle_in_transaction_session_timeout=0',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection and its socket, by which reading can be halted. */
export interface Connection {
  readonly client: pg.Client;
  readonly socket: Socket;
}

/**
 * Opens a connection. All results are texts.
 *
 * @param onLost called when it breaks, at most once, and not before the connection is returned
 */
export async function connect(
  settings: CaptureSettings,
  purpose: 'capture' | 'replication',
  onLost: (error: Error) => void,
): Promise<Connection> {
  const socket = new Socket();
  const client = new pg.Client({
    host: settings['database.hostname'],
    port: settings['database.port'],
    user: settings['database.user'],
    password: settings['database.password'],
    database: settings['database.dbname'],
    application_name: `millrace ${settings['topic.prefix']} ${purpose}`.slice(0, 63),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    options: SESSION,
    types: { getTypeParser: () => (text: string) => text },
    stream: () => socket,
    ...(purpose === 'replication' ? { replication: 'database' } : {}),
  } as pg.ClientConfig);
  let connected = false;
  client.on('error', (error) => {
    if (connected) onLost(error);
  });
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    throw error;
  }
  connected = true;
  return { client, socket };
}

/** Says goodbye, and waits no longer than a second for it. */
export async function disconnect({ client, socket }: Connection): Promise<void> {
  const giveUp = setTimeout(() => socket.destroy(), 1_000);
  try {
    await client.end();
  } catch {
    // Broken already: there is nothing left to say goodbye to.
  } finally {
    clearTimeout(giveUp);
    socket.destroy();
  }
}
