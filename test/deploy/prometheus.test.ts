/** What is shipped for Prometheus and Grafana is right by Prometheus' own tool, and names metrics that there are. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metricsIn, PROMETHEUS, shippedExpressions, whyNoPrometheus } from './prometheus.js';

const missing = whyNoPrometheus();
const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

describe.skipIf(missing !== undefined)(`by promtool${missing === undefined ? '' : `: not tested, ${missing}`}`, () => {
  test.each([
    ['the configuration', ['check', 'config', 'prometheus.yml']],
    ['the alert rules', ['check', 'rules', 'alerts.yml']],
    ['what the alert rules say of recorded series', ['test', 'rules', 'alerts.test.yml']],
  ])('%s', (_what, args) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: PROMETHEUS, encoding: 'utf8' });
    expect({ status, said: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  });
});

test('every alert has its own test and its own words in docs/operations.md', () => {
  const names = [...readFileSync(join(PROMETHEUS, 'alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map(
    ([, name]) => name!,
  );
  const tests = readFileSync(join(PROMETHEUS, 'alerts.test.yml'), 'utf8');
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !tests.includes(`alertname: ${name}\n`))).toEqual([]);
  expect(names.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
});

test('rules and dashboard name metrics that docs/operations.md has', async () => {
  const documented = new Set([...operations.matchAll(/^\| `([a-z_0-9]+)` /gm)].map(([, name]) => name!));
  const named = (await shippedExpressions()).flatMap(metricsIn).filter((name) => name.startsWith('millrace_'));
  expect(named.length).toBeGreaterThan(20);
  const unknown = named.map((name) => name.replace(/_(bucket|sum|count)$/, '')).filter((name) => !documented.has(name));
  expect(unknown).toEqual([]);
});
