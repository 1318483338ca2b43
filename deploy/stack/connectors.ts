/** The connectors of `deploy/connectors`, registered by Connect's REST calls. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { deployFolder } from './folders.js';
import { type Format, type Say, StackError } from './part.js';

const RUNNING_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
/** Connect is busy with itself for a moment: ask again. */
const REBALANCING = 409;
const NOT_FOUND = 404;

/** A file of `deploy/connectors`, as `POST /connectors` takes it too. */
export interface Connector {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
}

/** How a connector with its tasks is doing. */
export interface ConnectorState {
  readonly name: string;
  /** `RUNNING` when the connector and all its tasks run; else the state of the first that does not. */
  readonly state: string;
  /** The Java exception that made it fail. */
  readonly trace?: string;
}

interface Status {
  readonly name: string;
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[];
}

/** The files of a format: source and sink. */
export async function connectorFiles(format: Format): Promise<readonly Connector[]> {
  const folder = join(deployFolder, 'connectors', format);
  const files = (await readdir(folder)).toSorted();
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as Connector));
}

/**
 * Registers the connectors of a format, or changes those that are there, and waits until they run.
 *
 * @param connect `http://127.0.0.1:8083`
 * @throws StackError with Connect's reason when it refuses one, or one fails
 */
export async function registerConnectors(connect: string, format: Format, say: Say): Promise<void> {
  const connectors = await connectorFiles(format);
  for (const connector of connectors) await register(connect, connector);
  const until = performance.now() + RUNNING_WITHIN_MS;
  for (const { name } of connectors) {
    await untilRunning(connect, name, until);
    say(`connect runs ${name} (${format})`);
  }
}

/** All connectors that are registered. */
export async function connectorStates(connect: string): Promise<readonly ConnectorState[]> {
  const response = await fetch(`${connect}/connectors?expand=status`);
  const all = (await response.json()) as Readonly<Record<string, { readonly status: Status }>>;
  return Object.values(all).map(({ status }) => stateOf(status));
}

async function register(connect: string, { name, config }: Connector): Promise<void> {
  const until = performance.now() + RUNNING_WITHIN_MS;
  for (;;) {
    const response = await fetch(`${connect}/connectors/${name}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
    });
    const text = await response.text();
    if (response.ok) return;
    // Also while it starts: a worker that has not joined its group yet does not take connectors.
    const busy = response.status === REBALANCING || response.status >= 500;
    if (!busy || performance.now() > until) {
      throw new StackError(`Connect refuses the connector ${name} (HTTP ${response.status}): ${text}`);
    }
    await wait(LOOK_EVERY_MS);
  }
}

async function untilRunning(connect: string, name: string, until: number): Promise<void> {
  for (;;) {
    const response = await fetch(`${connect}/connectors/${name}/status`);
    const text = await response.text();
    const state = response.ok ? stateOf(JSON.parse(text)) : undefined;
    if (state?.state === 'RUNNING') return;
    if (state?.state === 'FAILED') throw new StackError(`The connector ${name} failed: ${firstLines(state.trace)}`);
    if (performance.now() > until || (!response.ok && response.status !== NOT_FOUND && response.status < 409)) {
      throw new StackError(`The connector ${name} does not run: ${state?.state ?? text}`);
    }
    await wait(LOOK_EVERY_MS);
  }
}

function stateOf({ name, connector, tasks }: Status): ConnectorState {
  const stands = [connector, ...tasks].find(({ state }) => state !== 'RUNNING');
  if (stands === undefined) return { name, state: tasks.length === 0 ? 'UNASSIGNED' : 'RUNNING' };
  return { name, state: stands.state, ...(stands.trace === undefined ? {} : { trace: stands.trace }) };
}

/** The message of a Java exception and of what caused it, without the frames. */
function firstLines(trace = 'it does not say why'): string {
  return trace
    .split('\n')
    .filter((line) => !/^\s+(at |\.\.\.)/.test(line))
    .join('\n');
}
