import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../../src/cdc/postgres/index.js';
import { rowsOf, withClient } from './database-client.js';
import { MillraceHome } from './millrace-process.js';

let home: MillraceHome;
beforeAll(async () => {
  home = await MillraceHome.make();
});
afterAll(() => home.remove());

describe('the log that PostgreSQL keeps for an application that stood still', () => {
  test('is in every status, and told of at the start where it is much', async () => {
    const first = home.dev(['--rows', '1']);
    await first.event('priced');
    await first.end('SIGTERM');
    expect(first.events('info').map(({ message }) => message)).toEqual([expect.stringMatching(/^finishing/)]);

    // The database runs, the application does not: as if it had been stopped while others wrote.
    const postgres = await startPostgres({ directory: join(home.path, 'postgres'), port: 0, database: 'car_database' });
    const written = 100_000_000;
    await withClient(postgres.url, async (client) => {
      for (let sent = 0; sent < written; sent += 1_000_000) {
        await rowsOf(client, `select pg_logical_emit_message(false, 'test', repeat('x', 1000000))`);
      }
    });
    await postgres.stop();

    const second = home.dev();
    const { message } = await second.event('info');
    expect(message).toMatch(/^PostgreSQL has kept 1\d\d(\.\d)? MB of its log while nothing read it/);
    const status = await second.event('status');
    expect(status.walKeptBytes).toBeGreaterThan(written);
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
