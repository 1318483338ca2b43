import { createInterface } from 'node:readline/promises';
import { ConfigurationError } from '../../errors.js';
import { parseEdge } from '../../replay/edge.js';
import { type ReplayOptions, type ReplayPlan, replayEstimate, replayPlan } from '../../replay/index.js';
import { runReplay } from '../../replay/replay.js';
import { onSignals } from '../signals.js';
import { loadTopology } from '../topology-file.js';
import { type CompareFlags, compareOutputs } from './compare-outputs.js';
import { runInstances } from './instances.js';
import { otherModel } from './model-flag.js';
import { type ReplayScreen, replayScreen } from './screen.js';
import { openSurroundings, type PlaceFlags, type ReplaySurroundings } from './surroundings.js';
import { recordChoice } from './which-records.js';

/** The flags of `millrace replay <topology>`. */
export interface ReplayFlags extends PlaceFlags, CompareFlags {
  readonly name?: string;
  readonly from?: string;
  readonly to?: string;
  readonly partitions?: readonly number[];
  readonly keys?: string;
  readonly filter?: string;
  readonly intoLive?: boolean;
  readonly withState?: boolean;
  readonly yes?: boolean;
  readonly model: readonly string[];
  readonly rate?: number;
  readonly instances?: number;
  readonly slot?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * Runs, or goes on with, a replay.
 *
 * @throws ConfigurationError when it cannot be as asked; an Error when it was stopped before its end, or failed
 */
export async function replayCommand(file: string, flags: ReplayFlags): Promise<void> {
  const around = await openSurroundings(flags);
  const screen = replayScreen(flags.json === true);
  try {
    const topology = await loadTopology(file);
    const options = await optionsOf(file, flags, around);
    if (flags.dryRun === true) {
      const plan = await replayPlan(topology, options);
      screen.plan(plan, 'new', await replayEstimate(topology, options));
      return;
    }
    await run(topology, options, flags, around, screen);
    if (flags.compare === true && flags.slot === undefined) {
      await compareOutputs(around, await replayPlan(topology, options), flags);
    }
  } finally {
    screen.close();
    await around.close();
  }
}

async function run(
  topology: Parameters<typeof runReplay>[0],
  options: ReplayOptions,
  flags: ReplayFlags,
  around: ReplaySurroundings,
  screen: ReplayScreen,
): Promise<void> {
  const ending = new AbortController();
  const quiet = onSignals({
    drain() {
      screen.message('info', 'finishing what is in flight … (the same command goes on from there)');
      ending.abort();
    },
    // What is not committed is read again.
    stop: () => process.exit(1),
  });
  const inSeveral = flags.instances !== undefined && flags.instances > 1 && flags.slot === undefined;
  if (inSeveral && !around.isKafka) {
    throw new ConfigurationError(
      '--instances: the embedded broker lives in one process; several need Kafka',
      'instances',
    );
  }
  try {
    const finished = await runReplay(topology, options, {
      signal: ending.signal,
      listener: {
        onRecordDropped: (error, decision) => screen.message('warn', `${decision}: ${error.message}`),
        onBrokerTrouble: (error) => screen.message('warn', error.message),
        onModelAway: (model, away) => screen.message('warn', `the model ${model} is away: ${away.because}`),
        onModelBack: (model) => screen.message('info', `the model ${model} is back`),
      },
      confirm: (plan) => confirmed(plan, flags),
      report(progress) {
        if (flags.slot !== undefined) {
          if (progress.phase === 'running') process.send?.(progress);
        } else if (progress.phase === 'planned') screen.plan(progress.plan, progress.as, undefined);
        else if (progress.phase === 'running') screen.running(progress);
        else screen.finished(progress);
      },
      ...(inSeveral
        ? {
            runParts: async () =>
              runInstances(flags.instances!, process.argv.slice(2), ending.signal, (all) => screen.running(all)),
          }
        : {}),
    });
    if (!finished && flags.slot === undefined) {
      throw new Error(
        ending.signal.aborted ? 'stopped before its end: the same command goes on from there' : 'nothing was done',
      );
    }
  } finally {
    quiet();
  }
}

async function optionsOf(file: string, flags: ReplayFlags, around: ReplaySurroundings): Promise<ReplayOptions> {
  const topology = await loadTopology(file);
  const now = Date.now();
  const asked: Record<string, string> = {};
  let config = around.config;
  for (const flag of flags.model) {
    const { name, model, text } = await otherModel(flag, topology, around.config.models ?? {});
    config = { ...config, models: { ...config.models, [name]: model } };
    asked[`models.${name}`] = text;
  }
  for (const pair of flags.set ?? []) asked[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1);
  for (const side of ['from', 'to'] as const) if (flags[side] !== undefined) asked[side] = flags[side];
  const choice = await recordChoice(flags.keys, flags.filter);
  const instance = flags.slot === undefined ? {} : { instance: String(flags.slot) };
  const several = flags.slot === undefined ? 1 : (flags.instances ?? 1);
  return {
    ...instance,
    broker: around.broker,
    config,
    engines: (folder) => around.engines(flags.slot === undefined ? folder : `${folder}/${flags.slot}`),
    asked,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.from === undefined ? {} : { from: parseEdge(flags.from, 'from', now) }),
    ...(flags.to === undefined ? {} : { to: parseEdge(flags.to, 'to', now) }),
    ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
    ...(choice === undefined ? {} : { filter: choice.filter, filterText: choice.text }),
    intoLive: flags.intoLive === true,
    withState: flags.withState === true,
    ...(flags.rate === undefined ? {} : { recordsPerSecond: flags.rate / several }),
  };
}

/** Live topics are written only when somebody has said yes to it. */
async function confirmed(plan: ReplayPlan, { yes, json }: ReplayFlags): Promise<boolean> {
  if (!plan.intoLive || yes === true) return true;
  if (!process.stdin.isTTY || json === true) {
    throw new ConfigurationError(
      `--into-live writes into ${plan.outputs.map(({ topic }) => topic).join(', ')}, which others read: say --yes if that is meant`,
      'into-live',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Write into the live topics? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
