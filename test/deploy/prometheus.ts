/** The Prometheus of this machine (Debian: `apt-get install prometheus`) with the configuration that is shipped. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that is shipped. */
export const PROMETHEUS = fileURLToPath(new URL('../../deploy/prometheus', import.meta.url));

/** Why there is none; printed, because tests are skipped for it. Where the variable CI is set it is an error. */
export function whyNoPrometheus(): string | undefined {
  const found = ['prometheus', 'promtool'].filter((program) => spawnSync(program, ['--version']).status === 0);
  if (found.length === 2) return undefined;
  const why = 'prometheus and promtool are not installed (Debian: apt-get install prometheus)';
  if (process.env.CI) throw new Error(why);
  console.warn(`The tests with a real Prometheus are skipped: ${why}`);
  return why;
}

/** Metrics that an expression of PromQL names, without the suffixes of histograms. */
export function metricsIn(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:millrace|process|nodejs)_[a-z0-9_]+/g)].map(([name]) => name);
}

/** Every expression of the alert rules and the dashboard. */
export async function shippedExpressions(): Promise<readonly string[]> {
  const rules = await readFile(join(PROMETHEUS, 'alerts.yml'), 'utf8');
  const dashboard = JSON.parse(await readFile(join(PROMETHEUS, '../grafana/dashboards/millrace.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const ofRules = [...rules.matchAll(/expr: (?:\|\n((?: {10}.*\n)+)|(.+))/g)].map(([, block, line]) => block ?? line!);
  return [...ofRules, ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];
}

export interface RunningPrometheus {
  /** The value of an expression that gives one; undefined while it gives none. */
  value(expression: string): Promise<number | undefined>;
  /** Names of the alerts that fire. */
  firing(): Promise<readonly string[]>;
  /** Metrics that the shipped rules and the dashboard name, and nobody has served. */
  metricsWithoutSeries(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Those that have values only while something goes on. */
const SOMETIMES = ['millrace_restore_remaining_records', 'millrace_model_circuit_state', 'millrace_broker_'];

/** @param targets `host:port`, in the place of those of the compose file; scraped twice a second */
export async function startPrometheus(targets: readonly string[]): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-prometheus-'));
  await cp(PROMETHEUS, folder, { recursive: true });
  const file = join(folder, 'prometheus.yml');
  const shipped = await readFile(file, 'utf8');
  const here = shipped
    .replace('[worker:9464]', JSON.stringify(targets))
    .replaceAll('_interval: 5s', '_interval: 500ms');
  if (!here.includes(targets[0]!) || here.includes('5s'))
    throw new Error('prometheus.yml is not as this test knows it');
  await writeFile(file, here);
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'exit');
  const api = async (path: string): Promise<Api> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return (await response.json()) as Api;
  };
  const deadline = Date.now() + 30_000;
  while (
    !(await fetch(`http://127.0.0.1:${port}/-/ready`)
      .then(({ ok }) => ok)
      .catch(() => false))
  ) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`Prometheus does not start:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const series = async (expression: string) =>
    (await api(`query?query=${encodeURIComponent(expression)}`)).data?.result ?? [];
  return {
    async value(expression) {
      const [first] = await series(expression);
      return first && Number(first.value[1]);
    },
    async firing() {
      const alerts = (await api('alerts')).data?.alerts ?? [];
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
    },
    async metricsWithoutSeries() {
      const names = new Set((await shippedExpressions()).flatMap(metricsIn));
      const unknown: string[] = [];
      for (const name of names) {
        if (SOMETIMES.some((prefix) => name.startsWith(prefix))) continue;
        if ((await series(name)).length === 0) unknown.push(name);
      }
      return unknown;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Api {
  readonly data?: {
    readonly result?: readonly { readonly value: readonly [number, string] }[];
    readonly alerts?: readonly { readonly state: string; readonly labels: { readonly alertname: string } }[];
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
