/**
 * Replay: a topology once more, over a part of its topics that has an end.
 *
 * What must hold:
 *  1. The live application is not touched: a replay has a group, transactional ids, changelogs and state of its own,
 *     and topics of its own unless `intoLive` says otherwise.
 *  2. The plan is fixed at the first start. `now` is that moment; what is written later is not in it.
 *  3. How far it is, is what its group has committed, together with the outputs. So a replay that was killed at any
 *     moment goes on with the next record, with the guarantee of the application.
 *  4. It has finished when no committed record of the plan is left: gaps, markers and aborted records are none.
 */
import { Observable } from 'rxjs';
import type { ApplicationListener } from '../app/application.js';
import { asError, BrokerError } from '../errors.js';
import type { Topology } from '../topology/graph.js';
import { keepReplay } from './kept-replays.js';
import { type ReplayOptions, type ReplaySetting, replaySetting } from './options.js';
import type { ReplayPlan } from './plan.js';
import { findOrPlan, prepare } from './prepare.js';
import { NO_COUNTS, type ReplayCounts, type ReplayProgress } from './progress.js';
import { runPart } from './run-part.js';
import { estimate, type ReplayEstimate } from './sample.js';
import { checkStillThere, hasRecordsLeft } from './start-offsets.js';

/**
 * Runs a topology again over a part of its topics, beside the live application, and tells how far it is.
 *
 * The same call goes on with a replay that was cut short, in whatever way; one that has finished says so. Unsubscribing
 * ends it as `drain` ends an application. It is cold: each subscription is a run.
 *
 * @returns completes when everything is replayed
 * @throws (as errors of the Observable) ConfigurationError when what is asked for is not there, or a replay of the name
 *   is another one; what the application failed with
 * @example
 * replay(carPrices, {
 *   name: 'v2', from: new Date('2026-11-14'), broker, engines: (folder) => lmdbEngines(join('state', folder)),
 *   config: { ...config, models: { 'ford-price': onnx('ford-v2.onnx') } },
 * }).subscribe((progress) => console.log(progress));
 */
export function replay(topology: Topology, options: ReplayOptions): Observable<ReplayProgress> {
  return new Observable((subscriber) => {
    const ending = new AbortController();
    runReplay(topology, options, { signal: ending.signal, report: (progress) => subscriber.next(progress) }).then(
      () => subscriber.complete(),
      (thrown) => subscriber.error(asError(thrown)),
    );
    return () => ending.abort();
  });
}

/**
 * What a replay would do, without doing any of it: `--dry-run`.
 *
 * @throws ConfigurationError as {@link replay}
 * @example
 * const { partitions, outputs } = await replayPlan(carPrices, { broker, config, engines, from: 'committed' });
 */
export async function replayPlan(topology: Topology, options: ReplayOptions): Promise<ReplayPlan> {
  return (await findOrPlan(replaySetting(topology, options))).plan;
}

/**
 * How long a replay would take, measured by a sample of its records in memory.
 *
 * @returns undefined when there is nothing to replay
 * @throws what the topology fails with over the sample
 * @example
 * const { estimatedMs } = (await replayEstimate(carPrices, { broker, config, engines })) ?? { estimatedMs: 0 };
 */
export async function replayEstimate(topology: Topology, options: ReplayOptions): Promise<ReplayEstimate | undefined> {
  const setting = replaySetting(topology, options);
  return estimate(setting, (await findOrPlan(setting)).plan);
}

/** Around a run. */
export interface ReplayRun {
  /** Ends the run early; it resolves then, unfinished. */
  readonly signal: AbortSignal;
  readonly listener?: ApplicationListener;
  report(progress: ReplayProgress): void;
  /** Asked before anything is done for a new replay; false: it is not done. */
  confirm?(plan: ReplayPlan): Promise<boolean>;
  /** Does the work in the place of this process, for those who have several do it. */
  runParts?(setting: ReplaySetting, plan: ReplayPlan): Promise<ReplayCounts>;
}

/** @returns whether the replay has finished; of several processes only one may see that */
export async function runReplay(topology: Topology, options: ReplayOptions, run: ReplayRun): Promise<boolean> {
  const setting = replaySetting(topology, options);
  const { broker } = setting;
  const found = await findOrPlan(setting);
  const { plan, state } = found;
  run.report({
    phase: 'planned',
    plan,
    as: state === 'finished' ? 'finished' : state === 'running' ? 'resumed' : 'new',
  });
  if (state === 'finished') {
    run.report({ phase: 'finished', plan, now: false, counts: NO_COUNTS, elapsedMs: 0 });
    return true;
  }
  if (state === undefined && run.confirm !== undefined && !(await run.confirm(plan))) return false;
  const startedAt = performance.now();
  await prepare(setting, found);
  await checkStillThere(broker, plan).catch(whileItHasMembers);
  let counts: ReplayCounts = NO_COUNTS;
  if (run.runParts !== undefined) counts = await run.runParts(setting, plan);
  else if (await hasRecordsLeft(broker, plan)) {
    const { signal, listener = {}, report } = run;
    counts = await runPart({ setting, plan, listener, signal, report });
  }
  if (await hasRecordsLeft(broker, plan)) {
    // Of several processes each has done its part; the one that finds nothing left ends the replay.
    if (run.signal.aborted || setting.instance !== undefined) return false;
    throw new Error(`replay '${plan.name}' ended before its records did: start it again to go on with it`);
  }
  await keepReplay(broker, { plan, state: 'finished', finishedAt: new Date().toISOString() });
  run.report({ phase: 'finished', plan, now: true, counts, elapsedMs: performance.now() - startedAt });
  return true;
}

/** Another process of the replay runs: its offsets cannot be set, and it has looked itself. */
function whileItHasMembers(thrown: unknown): void {
  if (!(thrown instanceof BrokerError) || thrown.kind !== 'fenced') throw thrown;
}
