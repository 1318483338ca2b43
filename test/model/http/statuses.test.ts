import { describe, expect, test } from 'vitest';
import { meaningOf, retryAfterMs } from '../../../src/model/http/statuses.js';

test.each([
  ['answer', [200, 201, 204]],
  ['refused', [400, 413, 422]],
  ['stumbled', [500, 501, 505, 507]],
  ['away', [408, 425, 429, 502, 503, 504]],
  ['misconfigured', [301, 302, 307, 401, 403, 404, 405, 406, 415, 451]],
])('%s: %j', (meaning, statuses) => {
  expect(statuses.map(meaningOf)).toEqual(statuses.map(() => meaning));
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T08:00:00Z');
  test.each<[string | string[] | undefined, number | undefined]>([
    ['120', 120_000],
    ['0', 0],
    [['5', '6'], 5_000],
    ['Sat, 21 Nov 2026 08:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 07:59:30 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %s ms', (header, milliseconds) => {
    expect(retryAfterMs(header, now)).toBe(milliseconds);
  });
});
