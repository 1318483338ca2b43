import { describe, expect, test } from 'vitest';
import { crashTable, printed } from './crash-table.js';

describe.each(['at_least_once', 'exactly_once_v2'] as const)('%s', (guarantee) => {
  test.each(['crash', 'retriable', 'abort'] as const)('%s before and after every port call', async (kind) => {
    const rows = await crashTable(guarantee, kind);
    expect(rows.length).toBeGreaterThan(20);
    expect(printed(rows.filter(({ wrong }) => wrong.length > 0))).toBe('');
    if (guarantee === 'exactly_once_v2') expect(printed(rows.filter(({ duplicates }) => duplicates !== 0))).toBe('');
  });
});
