import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listings } from '../../models/ford/listings.js';
import type { Car } from '../../schemas/cars.js';
import { insertCar, rowsOf, withClient } from './database-client.js';
import { locksIn, postmasterOf, processesIn } from './left-behind.js';
import { type Line, MillraceHome, type MillraceProcess } from './millrace-process.js';

const SLOW = 'test/e2e/slow-car-prices.ts';
const CARS = 20;

let home: MillraceHome;
beforeEach(async () => {
  home = await MillraceHome.make();
});
afterEach(() => home.remove());

async function insertCars(started: MillraceProcess, count: number): Promise<void> {
  const { postgres } = await started.event('ready');
  await withClient(postgres as string, async (client) => {
    const cars = listings(5)[Symbol.iterator]();
    for (let car = 0; car < count; car += 1) {
      const { id: _, ...columns } = cars.next().value as Car;
      await insertCar(client, columns);
    }
  });
}

const inFlight = (count: number) => (line: Line) => line.event === 'status' && line.inFlight === count;

describe('a signal', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} stops everything; the next start goes on where it was`, async () => {
      const first = home.dev();
      await first.until('the sample rows', () => (first.events('priced').length === 5 ? true : undefined));
      const postmaster = await postmasterOf(home.path);
      expect(await processesIn(home.path)).toContain(postmaster);
      expect(await first.end(signal)).toEqual({ code: 0, signal: null });
      expect(await processesIn(home.path)).toEqual([]);
      expect(await locksIn(home.path)).toEqual([]);

      const second = home.dev();
      await insertCars(second, 1);
      const priced = await second.event('priced');
      // Were anything read or priced again, it would have come before.
      expect(priced.key).toEqual({ id: 6 });
      const status = await second.line('the row counted', (line) => line.event === 'status' && line.read !== 0);
      expect(status).toMatchObject({ read: 1, modelCalls: 1 });
      await second.end(signal);
      expect(second.events('priced')).toHaveLength(1);
    });
  }

  test('lets what is in flight finish', { timeout: 180_000 }, async () => {
    const started = home.dev(['--rows', '0'], { topology: SLOW, env: { MILLRACE_TEST_DELAY_MS: '4000' } });
    await insertCars(started, CARS);
    await started.line('all in flight', inFlight(CARS));
    expect(await started.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(started.events('priced')).toHaveLength(CARS);
    expect(started.events('status').at(-1)).toMatchObject({ inFlight: 0, finished: { delivered: CARS } });
  });

  test('waits no longer than the deadline; what was not finished is finished by the next start', {
    timeout: 180_000,
  }, async () => {
    const config = ['--config', 'test/e2e/short-deadline.config.ts', '--rows', '0'];
    const first = home.dev(config, { topology: SLOW, env: { MILLRACE_TEST_DELAY_MS: '500000' } });
    await insertCars(first, CARS);
    await first.line('all in flight', inFlight(CARS));
    expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(first.events('warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^20 records of task \S+ were not finished in time; they are read again/),
    ]);
    expect(first.events('priced')).toEqual([]);

    const second = home.dev(config, { topology: SLOW, env: { MILLRACE_TEST_DELAY_MS: '0' } });
    await second.until('all priced', () => (second.events('priced').length === CARS ? true : undefined));
    expect(await second.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('a second one does not wait, and loses nothing either', { timeout: 180_000 }, async () => {
    const config = ['--config', 'test/e2e/long-deadline.config.ts', '--rows', '0'];
    const first = home.dev(config, { topology: SLOW, env: { MILLRACE_TEST_DELAY_MS: '500000' } });
    await insertCars(first, CARS);
    await first.line('all in flight', inFlight(CARS));
    first.child.kill('SIGTERM');
    expect((await first.event('info')).message).toMatch(/^finishing what is in flight … \(again to stop at once\)$/);
    expect(await first.end('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await processesIn(home.path)).toEqual([]);
    expect(await locksIn(home.path)).toEqual([]);

    const second = home.dev(config, { topology: SLOW, env: { MILLRACE_TEST_DELAY_MS: '0' } });
    await second.until('all priced', () => (second.events('priced').length === CARS ? true : undefined));
    await second.end('SIGTERM');
    expect(second.events('priced')).toHaveLength(CARS);
  });

  test('before everything runs ends the start and leaves nothing behind', { timeout: 180_000 }, async () => {
    for (const afterMs of [100, 500, 800, 1_100, 1_500, 2_000]) {
      const started = home.dev();
      await Promise.race([wait(afterMs), started.exit]);
      const { code, signal } = await started.end('SIGTERM');
      // The earliest comes before there is anything to end.
      expect([code, signal], started.transcript).toEqual(signal === null ? [0, null] : [null, 'SIGTERM']);
      expect(await processesIn(home.path)).toEqual([]);
      expect(await locksIn(home.path)).toEqual([]);
    }
    const started = home.dev(['--rows', '5']);
    await started.until('the sample rows', () => (started.events('priced').length >= 5 ? true : undefined));
    const { postgres } = await started.event('ready');
    const unpriced = 'select id from car_data left join car_data_predicted p using (id) where p is null';
    expect(await withClient(postgres as string, (client) => rowsOf(client, unpriced))).toEqual([]);
    expect(await started.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
