import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Console, humanConsole, type Status } from '../../src/console/index.js';
import type { Output } from '../../src/console/output.js';
import { statusLine } from '../../src/console/status-line.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

let clock: VirtualClock;
let out: PassThrough;
beforeEach(() => {
  clock = new VirtualClock();
  out = new PassThrough();
});

function opened(terminal: { isTTY?: boolean; columns?: number } = {}): Console {
  return humanConsole({ out: Object.assign(out, terminal) as Output, clock });
}

/** Everything printed since the last call. */
function printed(): string {
  return String(out.read() ?? '');
}

const status: Status = {
  read: 10,
  inFlight: 2,
  finished: { delivered: 6, filtered: 1, skipped: 0, deadLettered: 1 },
  lag: 0,
  modelCalls: 6,
  modelCallsSaved: 3,
  modelsAway: [],
  rate: 4,
  walKeptBytes: 1_234_567,
  state: 'RUNNING',
};
const focus = { key: { id: 7 }, value: { model: ' Focus', year: 2018, mileage: 9083, suggestedprice: 11_999.5 } };

describe('lines', () => {
  test('ready says where the database and the data are', () => {
    const to = opened();
    to.ready({ postgres: 'postgres://u:p@127.0.0.1:5433/cars', home: '/home/ann/.millrace' });
    expect(printed()).toBe('ready   postgres://u:p@127.0.0.1:5433/cars   data in /home/ann/.millrace\n');
    to.ready({ postgres: 'postgres://x', home: '/h', registry: 'http://127.0.0.1:8081' });
    expect(printed()).toBe('ready   postgres://x   data in /h   registry http://127.0.0.1:8081\n');
  });

  test('a priced row: key, car, price, latency', () => {
    const to = opened();
    to.priced({ ...focus, latencyMs: 12.34 });
    to.priced({ key: { id: 8 }, value: null, latencyMs: 1.24 });
    to.priced({ key: 'k', value: { model: 'Ka', suggestedprice: 'x' }, latencyMs: 2_345 });
    expect(printed()).toBe(
      'id 7   Focus · 2018 · 9,083 miles   £11,999.50   12 ms\nid 8   deleted   1.2 ms\nk   Ka   no price   2.3 s\n',
    );
    to.close();
  });

  test('what stands in a row cannot move the cursor of the terminal', () => {
    const to = opened();
    to.priced({ key: 'a\u001b[2J', value: { model: 'Fo\ncus\u0007\u009b31m', year: 1 }, latencyMs: 0 });
    expect(printed()).toBe('a [2J   Fo cus 31m · 1   no price   0 ms\n');
    to.close();
  });

  test('messages carry their level, but for information', () => {
    const to = opened();
    to.message('info', 'draining');
    to.message('warn', 'slow');
    to.message('error', 'broken\nbecause');
    expect(printed()).toBe('draining\nwarn: slow\nerror: broken\n  because\n');
  });
});

describe('many rows', () => {
  test('the first ten of a second are shown, the rest are one line', () => {
    const to = opened();
    for (let i = 0; i < 5_000; i++) {
      to.priced({ key: i, value: i % 100 === 0 ? null : { suggestedprice: 5_000 + i }, latencyMs: i % 7 });
    }
    expect(printed().trimEnd().split('\n')).toHaveLength(10);
    clock.advance(1_000);
    expect(printed()).toBe('and 4,990 more   49 of them deleted   £5,010.00 to £9,999.00   at most 6 ms\n');
    clock.advance(1_000);
    expect(printed()).toBe('');
    to.priced({ key: 1, value: null, latencyMs: 1 });
    expect(printed()).toBe('1   deleted   1 ms\n');
    to.close();
  });

  test('rows that come slowly are all shown', () => {
    const to = opened();
    for (let i = 0; i < 30; i++) {
      to.priced({ key: i, value: null, latencyMs: 1 });
      clock.advance(200);
    }
    expect(printed().trimEnd().split('\n')).toHaveLength(30);
    to.close();
  });

  test('closing says what was held back, and leaves no timer', () => {
    const to = opened();
    for (let i = 0; i < 12; i++) to.priced({ key: i, value: null, latencyMs: 1 });
    printed();
    to.close();
    expect(printed()).toBe('and 2 more   2 of them deleted   at most 1 ms\n');
    clock.advance(10_000);
    expect(printed()).toBe('');
  });
});

describe('the status line', () => {
  test('accounts for every record that was read', () => {
    expect(statusLine(status)).toBe(
      'RUNNING · read 10 = finished 8 (6 delivered, 1 filtered, 1 dead-lettered) + 2 in flight · lag 0 · 4/s · ' +
        'model 6 calls, 3 saved · WAL kept 1.2 MB',
    );
  });

  test('read = finished + in flight, in what is printed, for any numbers that add up; a gap is shown', () => {
    const number = fc.nat(1_000_000);
    fc.assert(
      fc.property(
        number,
        number,
        number,
        number,
        number,
        fc.nat(3),
        (delivered, filtered, skipped, dead, inFlight, gap) => {
          const finished = { delivered, filtered, skipped, deadLettered: dead };
          const read = delivered + filtered + skipped + dead + inFlight + gap;
          const line = statusLine({ ...status, read, inFlight, finished });
          const numbers =
            /read ([\d,]+) = finished ([\d,]+)(?: \([^)]*\))? \+ ([\d,]+) in flight(?: \+ (\d) UNACCOUNTED FOR)?/.exec(
              line,
            );
          const [r, f, i, lost] = (numbers ?? []).slice(1).map((text) => Number((text ?? '0').replaceAll(',', '')));
          expect(r).toBe(read);
          expect(r).toBe((f ?? 0) + (i ?? 0) + (lost ?? 0));
          expect(lost).toBe(gap);
        },
      ),
    );
  });

  test('leaves out what is not known', () => {
    const finished = { delivered: 0, filtered: 0, skipped: 0, deadLettered: 0 };
    const since = new Date(2026, 10, 21, 15, 4, 5).getTime();
    const modelsAway = [{ model: 'ford-price', since, waiting: 1_200, because: 'nobody listens' }];
    expect(statusLine({ ...status, modelsAway })).toContain(
      ' · MODEL AWAY ford-price since 15:04:05, 1,200 records wait',
    );
    expect(statusLine({ ...status, read: 2, finished, lag: undefined, walKeptBytes: undefined })).toBe(
      'RUNNING · read 2 = finished 0 + 2 in flight · 4/s · model 6 calls, 3 saved',
    );
  });

  test('is rewritten in place on a terminal, below what is printed, and fits its width', () => {
    const to = opened({ isTTY: true, columns: 20 });
    const cut = 'RUNNING · read 10 =';
    to.status(status);
    expect(printed()).toBe(`\r\u001b[2K${cut}`);
    to.message('info', 'hello');
    expect(printed()).toBe(`\r\u001b[2Khello\n${cut}`);
    to.status(status);
    expect(printed()).toBe('');
    to.close();
    expect(printed()).toBe(`\r\u001b[2K${statusLine(status)}\n`);
  });

  test('elsewhere it is a line every five seconds, if it changed, and the last one at the end', () => {
    const to = opened();
    const at = (read: number) => to.status({ ...status, read, inFlight: read - 8 });
    at(10);
    expect(printed()).toMatch(/^RUNNING · read 10 /);
    clock.advance(4_000);
    at(11);
    expect(printed()).toBe('');
    clock.advance(1_000);
    at(12);
    expect(printed()).toMatch(/^RUNNING · read 12 /);
    clock.advance(60_000);
    at(12);
    expect(printed()).toBe('');
    clock.advance(1_000);
    at(13);
    at(14);
    printed();
    to.close();
    expect(printed()).toMatch(/^RUNNING · read 14 /);
  });
});

test('a reader that goes away ends the output and not the application', async () => {
  const to = opened();
  out.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  to.message('info', 'nobody hears');
  expect(printed()).toBe('');
  expect(() => out.emit('error', Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toThrow('disk full');
});
