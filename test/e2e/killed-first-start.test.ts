import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillraceHome } from './millrace-process.js';

let home: MillraceHome;
beforeAll(async () => {
  home = await MillraceHome.make();
});
afterAll(() => home.remove());

describe('a first start', () => {
  test('that was killed, however far it was, is followed by one that works', async () => {
    // An initdb outlives its process, so the next start meets it at work.
    for (const afterMs of [400, 700, 1_000, 1_400, 1_800]) {
      const started = home.dev();
      await Promise.race([wait(afterMs), started.exit]);
      expect(started.hasEnded, started.transcript).toBe(false);
      expect((await started.end('SIGKILL')).signal).toBe('SIGKILL');
    }
    const started = home.dev(['--rows', '5']);
    await started.event('ready');
    await started.until('5 priced rows', () => (started.events('priced').length >= 5 ? true : undefined));
    expect(await started.end('SIGINT')).toEqual({ code: 0, signal: null });
  });
});
