/** Issue 6, 4: a redriven record arrives once, also when the redrive is killed and repeated. On every broker. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Broker } from '../../src/brokers/port.js';
import { listDeadLetters, redriveDeadLetters } from '../../src/dead-letters/index.js';
import { application, createTopics, DEAD, ID, readAll, runUntil, send, shippedOrders, shipping } from './orders.js';

/** A broker that a command can work on while the test does not. */
export interface RedriveBroker {
  open(): Promise<Broker>;
  /** Before a command uses it: the embedded broker is one process's. */
  close(broker: Broker): Promise<void>;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether the application may run while the command does. */
  readonly shared: boolean;
  remove(): Promise<void>;
}

const ORDERS = 240;
const KILLS = 4;
const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));

export function redriveContract(name: string, start: () => Promise<RedriveBroker>): void {
  describe(`${name}: dead letters come back once`, () => {
    let place: RedriveBroker;
    let broker: Broker;

    beforeAll(async () => {
      place = await start();
      broker = await place.open();
    });
    afterAll(async () => {
      await place.close(broker);
      await place.remove();
    });

    /** Runs `dlq redrive`; with `killAfter` it is killed when it has told of so many transactions. */
    const redriveCommand = async (killAfter = Number.POSITIVE_INFINITY) => {
      const args = ['dlq', 'redrive', DEAD, '--application-id', ID, '--rate', '50', '--json', ...place.flags];
      const child = spawn(process.execPath, [bin, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...place.env },
      });
      const events: { readonly event: string; readonly redriven: number; readonly before: number }[] = [];
      const exited = once(child, 'exit');
      for await (const line of createInterface({ input: child.stdout })) {
        events.push(JSON.parse(line));
        if (events.filter(({ event }) => event === 'progress').length >= killAfter) child.kill('SIGKILL');
      }
      await exited;
      return { events, signal: child.signalCode, code: child.exitCode };
    };

    test(`killed ${KILLS} times and repeated: each order is shipped once, from its own place`, async () => {
      await createTopics(broker);
      const sent = Array.from({ length: ORDERS }, (_, n) => [`order-${n}`, { n }] as const);
      await send(broker, sent);
      await runUntil(
        application(
          broker,
          shipping(({ n }) => n % 2 === 1),
        ),
        ORDERS,
      );
      expect((await listDeadLetters(broker, DEAD)).map(({ count, reason }) => [count, reason.exception])).toEqual([
        [ORDERS / 2, 'TypeError'],
      ]);
      const mended = application(broker);
      if (place.shared) await mended.start();
      else await place.close(broker);

      for (let kill = 0; kill < KILLS; kill += 1) {
        const { signal } = await redriveCommand(1 + kill);
        expect(signal).toBe('SIGKILL');
      }
      const last = await redriveCommand();
      expect(last.code).toBe(0);
      const { redriven, before } = last.events.at(-1)!;
      expect(redriven + before).toBe(ORDERS / 2);
      expect(before).toBeGreaterThan(0);
      expect(redriven).toBeGreaterThan(0);

      if (!place.shared) broker = await place.open();
      const again = await redriveDeadLetters(broker, DEAD, { applicationId: ID });
      expect(again).toMatchObject({ total: 0, redriven: 0, before: ORDERS / 2 });
      if (place.shared) {
        await expect.poll(() => mended.status.finished.delivered, { timeout: 60_000 }).toBe(ORDERS / 2);
        await mended.drain();
      } else {
        await runUntil(application(broker), ORDERS / 2);
      }

      const came = await shippedOrders(broker);
      expect(came.map(({ n }) => n)).toEqual(sent.map(([, { n }]) => n));
      const places = new Map((await readAll(broker, 'orders')).map((r) => [JSON.parse(String(r.value)).n, r]));
      for (const { n, at, headers } of came) {
        const { partition, offset } = places.get(n)!;
        expect(at).toBe(`orders-${partition}@${offset}`);
        expect(headers).toEqual(['via']);
      }
      const [group] = await listDeadLetters(broker, DEAD, { applicationId: ID });
      expect(group).toMatchObject({ count: ORDERS / 2, redriven: ORDERS / 2, superseded: 0 });
    }, 180_000);

    test('an order whose key has moved on is superseded: marked, told, and not shipped', async () => {
      const from = (await readAll(broker, DEAD)).length;
      const shippedBefore = (await shippedOrders(broker)).length;
      await send(broker, [
        ['moves-on', { n: 1_001 }],
        ['stays', { n: 1_003 }],
        ['moves-on', { n: 1_004 }],
      ]);
      await runUntil(
        application(
          broker,
          shipping(({ n }) => n % 2 === 1),
        ),
        3,
      );
      expect(await readAll(broker, DEAD)).toHaveLength(from + 2);

      const dry = await redriveDeadLetters(broker, DEAD, { applicationId: ID, dryRun: true });
      expect(dry).toMatchObject({ total: 2, redriven: 1, superseded: 1 });
      const done = await redriveDeadLetters(broker, DEAD, { applicationId: ID });
      expect(done).toEqual(dry);
      expect(await redriveDeadLetters(broker, DEAD, { applicationId: ID })).toMatchObject({ total: 0 });

      const app = application(broker);
      await runUntil(app, 2);
      expect(app.status.events.superseded).toBe(1);
      const after = await shippedOrders(broker);
      expect(after).toHaveLength(shippedBefore + 2);
      expect(after.slice(-2).map(({ n }) => n)).toEqual([1_003, 1_004]);
    }, 120_000);
  });
}
