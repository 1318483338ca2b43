import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type Console, jsonConsole, type Status } from '../../src/console/index.js';

function said(speak: (console: Console) => void): unknown[] {
  const out = new PassThrough({ highWaterMark: 1_000_000 });
  const console = jsonConsole({ out });
  speak(console);
  console.close();
  const text = String(out.read() ?? '');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('one object a line: ready, every priced row, messages', () => {
  const many = 500;
  const events = said((console) => {
    console.ready({ postgres: 'postgres://x', home: '/h' });
    for (let i = 0; i < many; i++) console.priced({ key: { id: i }, value: { suggestedprice: i }, latencyMs: 1.26 });
    console.priced({ key: { id: 1 }, value: null, latencyMs: 2 });
    console.message('error', 'broken\nbecause');
    console.message('warn', 'slow');
  });
  expect(events).toHaveLength(many + 4);
  expect(events[0]).toEqual({ event: 'ready', postgres: 'postgres://x', home: '/h' });
  expect(events[1]).toEqual({ event: 'priced', key: { id: 0 }, value: { suggestedprice: 0 }, latencyMs: 1.3 });
  expect(events.slice(-3)).toEqual([
    { event: 'priced', key: { id: 1 }, value: null, latencyMs: 2 },
    { event: 'error', message: 'broken\nbecause' },
    { event: 'warn', message: 'slow' },
  ]);
});

test('status as it is, and a gap in the counts by its name', () => {
  const status: Status = {
    read: 3,
    inFlight: 1,
    finished: { delivered: 2, filtered: 0, skipped: 0, deadLettered: 0 },
    lag: 5,
    modelCalls: 2,
    modelCallsSaved: 0,
    modelsAway: [{ model: 'ford-price', since: 0, waiting: 2, because: 'nobody listens' }],
    rate: 1,
    walKeptBytes: undefined,
    state: 'RUNNING',
  };
  const { walKeptBytes: _, ...known } = status;
  expect(said((console) => console.status(status))).toEqual([{ event: 'status', ...known }]);
  expect(said((console) => console.status({ ...status, read: 7 }))).toEqual([
    { event: 'status', ...known, read: 7, unaccounted: 4 },
  ]);
});

test('what JSON does not have: bigints and bytes', () => {
  const value = { small: 5n, large: 9_007_199_254_740_993n, bytes: Buffer.from('hi'), raw: new Uint8Array([1, 2]) };
  expect(said((console) => console.priced({ key: 1n, value, latencyMs: 0 }))).toEqual([
    {
      event: 'priced',
      key: 1,
      value: { small: 5, large: '9007199254740993', bytes: 'aGk=', raw: 'AQI=' },
      latencyMs: 0,
    },
  ]);
});
