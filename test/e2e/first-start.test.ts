import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rowsOf, withClient } from './database-client.js';
import { MillraceHome, MillraceProcess } from './millrace-process.js';

let home: MillraceHome;
beforeAll(async () => {
  home = await MillraceHome.make();
});
afterAll(() => home.remove());

interface Status {
  readonly read: number;
  readonly inFlight: number;
  readonly finished: Readonly<Record<'delivered' | 'filtered' | 'skipped' | 'deadLettered', number>>;
}

function accounted({ read, inFlight, finished }: Status): boolean {
  return read === inFlight + finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
}

describe('npm start', () => {
  test('says where everything is, prices a few sample cars, and again none at the second start', async () => {
    const first = home.dev();
    const ready = await first.event('ready');
    expect(ready).toEqual({
      event: 'ready',
      postgres: expect.stringMatching(/^postgres:\/\//),
      home: home.path,
      registry: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });

    const priced = await first.until('5 priced rows', () => {
      const lines = first.events('priced');
      return lines.length >= 5 ? lines : undefined;
    });
    expect(priced).toHaveLength(5);
    for (const { value, latencyMs } of priced) {
      expect((value as { suggestedprice: number }).suggestedprice).toBeGreaterThan(500);
      expect(latencyMs).toBeGreaterThanOrEqual(0);
    }
    await withClient(ready.postgres as string, async (client) => {
      const types = await rowsOf(
        client,
        `select column_name, data_type from information_schema.columns
         where table_name = 'car_data_predicted' order by ordinal_position`,
      );
      expect(types.at(-1)).toEqual({ column_name: 'suggestedprice', data_type: 'double precision' });
      const unpriced = `select count(*)::int as n from car_data left join car_data_predicted p using (id)
        where p.suggestedprice is null`;
      expect(await rowsOf(client, unpriced)).toEqual([{ n: 0 }]);
    });
    expect(await first.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(first.events('ready')).toHaveLength(1);
    expect(first.errorOutput).toBe('');

    const second = home.dev();
    const { postgres } = await second.event('ready');
    await second.event('status');
    expect(await withClient(postgres as string, (client) => rowsOf(client, 'select from car_data'))).toHaveLength(5);
    await second.end('SIGINT');
    expect(second.events('priced')).toEqual([]);
  });

  test('inserts as many sample rows as asked; every status accounts for each record read', async () => {
    const started = home.dev(['--rows', '60', '--rate', '40', '--seed', '7']);
    await started.event('ready');
    const last = await started.line('60 delivered', (line) => (line as unknown as Status).finished?.delivered === 60);
    expect(last).toMatchObject({ read: 60, inFlight: 0, lag: 0, modelCallsSaved: 0, state: 'RUNNING' });
    await started.end('SIGTERM');
    const statuses = started.events('status') as unknown as Status[];
    expect(statuses.length).toBeGreaterThan(1);
    expect(statuses.filter((status) => !accounted(status))).toEqual([]);
    expect(statuses.at(-1)).toMatchObject({ read: 60, inFlight: 0, state: 'NOT_RUNNING' });
    expect(started.events('priced')).toHaveLength(60);
    expect(
      new Set(started.events('priced').map(({ value }) => JSON.stringify({ ...(value as object), id: 0 }))).size,
    ).toBe(60);
  });

  test('speaks to a person without --json, and does not mind when nobody listens any more', async () => {
    const started = new MillraceProcess(['dev', 'topology/car-prices.ts', '--rows', '3'], {
      env: { MILLRACE_HOME: home.path },
    });
    const text = () => started.output.join('\n');
    await started.until('a priced row', () => /id \d+ .*£[\d,]+\.\d\d +\d/.exec(text()) ?? undefined);
    expect(started.output[0]).toMatch(/^ready {3}postgres:\/\/.* {3}data in /);
    // As `| head` does: later lines meet a closed pipe.
    started.child.stdout!.destroy();
    expect(await started.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(started.errorOutput).toBe('');
  });

  test('never loads the client of Kafka', async () => {
    const file = `${home.path}-libraries.json`;
    const preload = new URL('../fixtures/cli/loaded-libraries.mjs', import.meta.url).href;
    const started = home.dev([], { env: { NODE_OPTIONS: `--import=${preload}`, LOADED_LIBRARIES: file } });
    await started.event('ready');
    await started.end('SIGINT');
    const libraries = (JSON.parse(await readFile(file, 'utf8')) as string[]).join('\n');
    expect(libraries).toMatch(/onnxruntime/);
    expect(libraries).not.toMatch(/rdkafka/);
  });
});
