import { describe, expect, test } from 'vitest';
import { Differences } from '../../src/compare/difference-distribution.js';
import { type CompareReport, compareHtml, parseCondition } from '../../src/compare/index.js';

const prices = new Differences();
for (let n = 0; n < 200; n += 1) prices.add(1_000 + n, 1_000 + n + (n % 10));
const side = { topic: 'prices', records: 220, unjoined: 0, replaced: 0 };
const report: CompareReport = {
  here: side,
  there: { ...side, topic: 'prices.replay-v2' },
  joinedBy: 'key',
  tolerance: 0,
  ignored: [],
  joined: 200,
  equal: 20,
  changed: 180,
  onlyHere: 20,
  onlyThere: 0,
  fields: { price: { changed: 180, difference: prices.distribution }, model: { changed: 0, difference: undefined } },
  examples: {
    changed: [],
    onlyHere: [{ key: { id: 1 }, value: '</script><b>&', timestamp: 0, partition: 0, offset: 1 }],
    onlyThere: [],
  },
};

describe('a condition', () => {
  test.each([
    ['changed > 0', true],
    ['changed>180', false],
    ['changed>=180', true],
    ['changed > 81%', true], // 180 of 220
    ['changed > 82%', false],
    ['onlyHere = 20', true],
    ['onlyThere>0', false],
    ['differing >= 200', true],
    ['equal < 10%', true],
    ['price.changed = 90%', true],
    ['price.median = 4.5', true],
    ['price.mean <= 4.5', true],
    ['price.max > 9', false],
    ['price.p95 >= 9', true],
    ['price.maxAbsolute >= -1', true],
  ])('%s is %s', (text, holds) => {
    expect(parseCondition(text).holds(report)).toBe(holds);
  });

  test.each([
    ['changed', /no <quantity> <operator> <number>/],
    ['changed > much', /no <quantity>/],
    ['lost > 1', /'lost' is none of equal, changed/],
    ['price.p96 > 1', /'p96' is none of/],
    ['price.mean > 1%', /takes no percent/],
  ])('%s is refused', (text, why) => {
    expect(() => parseCondition(text)).toThrow(why);
  });

  test('a field that is not there, or holds no numbers, is no condition that fails silently', () => {
    expect(() => parseCondition('cost.mean > 1').holds(report)).toThrow(/no row.*'cost'; there are: price, model/);
    expect(() => parseCondition('model.mean > 1').holds(report)).toThrow(/holds no numbers/);
  });
});

describe('the page', () => {
  const page = compareHtml(report);

  test('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(/);
    expect(page).toContain('uPlot');
  });

  test('shows what was counted, and draws the numbers that differ', () => {
    expect(page).toContain('<strong>180</strong><em>81.8 %</em>');
    expect(page).toContain('id="histogram-0"');
    expect(page).not.toContain('id="histogram-1"');
  });

  test('takes values for text', () => {
    expect(page).not.toContain('</script><b>');
    expect(page).toContain('&lt;/script&gt;&lt;b&gt;&amp;');
  });
});
