/** The processes of `--instances`, with small programs in the place of millrace. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Slots } from '../../src/cli/run/slots.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

const PROGRAM = fileURLToPath(new URL('../fixtures/cli/instance.mjs', import.meta.url));

/** Slots with lives, and what is said of and by them. */
function slotsOf(lives: readonly string[]) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const told: string[] = [];
  const watchers = new Set<() => void>();
  const look = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const slots = new Slots({
    count: lives.length,
    program: PROGRAM,
    args: (slot, restarts) => [lives[slot]!, `restarts ${restarts}`],
    clock,
    line(slot, line) {
      lines.push(`${slot} ${line}`);
      look();
    },
    told(_level, text) {
      told.push(text);
      look();
    },
  });
  const until = (done: () => boolean) =>
    new Promise<void>((resolve) => {
      const watcher = () => {
        if (!done()) return;
        watchers.delete(watcher);
        resolve();
      };
      watchers.add(watcher);
      watcher();
    });
  const starts = (slot: number) =>
    lines.filter((line) => line.startsWith(`${slot} `) && line.includes('restarts')).length;
  return { slots, clock, lines, told, until, starts, ended: slots.run() };
}

test('one signal drains all, and they end well', async () => {
  const { slots, lines, until, ended } = slotsOf(['runs', 'runs']);
  await until(() => lines.filter((line) => line.endsWith('ready')).length === 2);
  slots.drain();
  await ended;
  expect(slots.failure).toBeUndefined();
  expect(lines.filter((line) => line.endsWith('asked to end')).sort()).toEqual(['0 asked to end', '1 asked to end']);
});

test('one that ends is started again, ever later, and is given up after five starts in vain; the others drain', async () => {
  const { slots, clock, lines, told, until, starts, ended } = slotsOf(['crash', 'runs']);
  await until(() => lines.includes('1 ready'));
  for (const [restarts, wait] of [200, 400, 800, 1_600].entries()) {
    await until(() => told.length === restarts + 1);
    expect(told[restarts]).toBe(`instance 0 ended (exit code 1); it is started again in ${wait} ms`);
    clock.advance(wait - 1);
    expect(starts(0)).toBe(restarts + 1);
    clock.advance(1);
    await until(() => starts(0) === restarts + 2);
  }
  await ended;
  expect(starts(0)).toBe(5);
  expect(lines).toContain('1 asked to end');
  expect(slots.failure).toEqual({
    code: 1,
    message: expect.stringMatching(/^instance 0 ended 5 times in a row .* exit code 1\. It is not started again$/),
  });
  expect(lines).toContain('0 crash restarts 4');
});

test('one that committed something is started again at once, however often', async () => {
  const { slots, clock, told, until, starts, ended } = slotsOf(['commit-and-crash']);
  for (let restarts = 1; restarts <= 7; restarts += 1) {
    await until(() => told.length === restarts);
    expect(told.at(-1)).toMatch(/started again in 0 ms$/);
    clock.advance(0);
    await until(() => starts(0) === restarts + 1);
  }
  slots.drain();
  await ended;
});

test('a third signal kills', async () => {
  const { slots, clock, lines, told, until, starts, ended } = slotsOf(['stubborn']);
  await until(() => lines.includes('0 ready'));
  slots.drain();
  await until(() => lines.includes('0 asked to end'));
  slots.stop();
  await until(() => lines.filter((line) => line === '0 asked to end').length === 2);
  slots.stop();
  await ended;
  expect(slots.failure).toMatchObject({ code: 1, message: 'instance 0 did not end as asked: SIGKILL' });
  expect({ told, starts: starts(0) }).toEqual({ told: [], starts: 1 });
  clock.advance(60_000);
});

test('a wrong setting is not tried again', async () => {
  const { slots, told, starts, ended } = slotsOf(['usage', 'runs']);
  await ended;
  expect(slots.failure).toMatchObject({ code: 2 });
  expect(told).toHaveLength(1);
  expect(starts(0)).toBe(1);
});

test('one that does not end well makes the end none', async () => {
  const { slots, lines, until, ended } = slotsOf(['fails-to-end']);
  await until(() => lines.includes('0 ready'));
  slots.drain();
  await ended;
  expect(slots.failure).toEqual({ code: 1, message: 'instance 0 did not end as asked: exit code 1' });
});
