/** The line of one priced row. */
import type { Priced } from './console.js';
import { count, duration, onOneLine, price } from './human-format.js';

/** The fields of a row that are shown, and how; a field that is missing is left out. */
const FIELDS: readonly (readonly [field: string, show: (value: unknown) => string])[] = [
  ['model', plain],
  ['year', plain],
  ['mileage', (value) => (typeof value === 'number' ? `${count(value)} miles` : plain(value))],
];
export const PRICE_FIELD = 'suggestedprice';

/**
 * @example
 * pricedLine({ key: { id: 7 }, value: { model: ' Focus', year: 2018, mileage: 9083, suggestedprice: 11999.5 }, latencyMs: 12 })
 * // 'id 7   Focus · 2018 · 9,083 miles   £11,999.50   12 ms'
 */
export function pricedLine({ key, value, latencyMs }: Priced): string {
  return [
    keyText(key),
    ...(value === null ? ['deleted'] : rowTexts(value)),
    latencyMs === undefined ? '' : duration(latencyMs),
  ]
    .filter((text) => text !== '')
    .join('   ');
}

/** The price of a row, where it has one. */
export function priceOf(value: unknown): number | undefined {
  const amount = fieldOf(value, PRICE_FIELD);
  return typeof amount === 'number' && Number.isFinite(amount) ? amount : undefined;
}

function rowTexts(value: unknown): string[] {
  const shown = FIELDS.map(([field, show]) => [fieldOf(value, field), show] as const)
    .filter(([field]) => field !== undefined && field !== null)
    .map(([field, show]) => show(field));
  const amount = priceOf(value);
  return [shown.join(' · '), amount === undefined ? 'no price' : price(amount)];
}

function keyText(key: unknown): string {
  if (typeof key !== 'object' || key === null) return plain(key);
  return Object.entries(key)
    .map(([name, value]) => `${onOneLine(name)} ${plain(value)}`)
    .join(', ');
}

function plain(value: unknown): string {
  return onOneLine(String(value));
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
