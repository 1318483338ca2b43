import { Application, type ApplicationListener } from '../app/application.js';
import type { ApplicationConfig } from '../app/config.js';
import { partitionName } from '../brokers/partition-name.js';
import { type Clock, systemClock, type Timer } from '../clock.js';
import type { Topology } from '../topology/graph.js';
import type { ReplaySetting } from './options.js';
import { offsetsIn, type ReplayPlan, stateFolder } from './plan.js';
import { RateWindow, type ReplayCounts, type ReplayProgress } from './progress.js';
import { redirected } from './redirect.js';
import { reached } from './start-offsets.js';

const REPORT_EVERY_MS = 500;

/** Where one process of a replay is run. */
export interface Part {
  readonly setting: ReplaySetting;
  readonly plan: ReplayPlan;
  readonly listener: ApplicationListener;
  /** Ends it early: what is in flight is finished, and it can be gone on with. */
  readonly signal: AbortSignal;
  report(progress: ReplayProgress & { phase: 'running' }): void;
}

/**
 * Runs the topology until every partition that this process gets is at its end.
 *
 * @returns what this process did
 * @throws what the application failed with
 */
export async function runPart({ setting, plan, listener, signal, report }: Part): Promise<ReplayCounts> {
  const clock = setting.clock ?? systemClock;
  const application = new Application(
    replayTopology(setting, plan),
    replayConfig(setting, plan),
    { broker: setting.broker, engines: setting.engines(stateFolder(plan)), clock },
    listener,
    {
      // What is not to be read ends before it begins.
      bounds: new Map(plan.partitions.map((each) => [partitionName(each), each.to > each.from ? each.to : 0])),
      ...(setting.recordsPerSecond === undefined ? {} : { recordsPerSecond: setting.recordsPerSecond }),
    },
  );
  const alone = setting.instance === undefined;
  const reports = new Reports(application, plan, clock, report, alone, await startOf(setting, plan));
  const drain = () => void application.drain();
  signal.addEventListener('abort', drain);
  try {
    if (signal.aborted) return countsOf(application);
    await application.start();
    reports.begin(setting.reportEveryMs ?? REPORT_EVERY_MS);
    await application.ended();
    if (application.failure !== undefined) throw application.failure;
    reports.last(!signal.aborted);
    return countsOf(application);
  } finally {
    reports.end();
    signal.removeEventListener('abort', drain);
  }
}

/** The topology, on the outputs and over the records of the replay. */
export function replayTopology({ topology, filter }: ReplaySetting, plan: ReplayPlan): Topology {
  // The topic of dead letters is no topic of the topology.
  const outputs = plan.outputs.filter(({ live }) => topology.topics.has(live));
  return redirected(topology, Object.fromEntries(outputs.map(({ live, topic }) => [live, topic])), filter);
}

/** The live application's configuration, with names of its own for everything that it writes. */
export function replayConfig(setting: ReplaySetting, plan: ReplayPlan): ApplicationConfig {
  const outputs = Object.fromEntries(plan.outputs.map(({ live, topic }) => [live, topic]));
  const { topics: _applied, ...config } = setting.config;
  const encodings = { ...config.encodings };
  for (const [live, topic] of Object.entries(outputs)) {
    const encoding = encodings[live];
    if (encoding !== undefined) encodings[topic] = encoding;
  }
  const deadLetters = config['errors.dead.letter.queue.topic.name'];
  return {
    ...config,
    encodings,
    'application.id': setting.applicationId,
    'instance.id': setting.instance ?? '0',
    ...(deadLetters === undefined ? {} : { 'errors.dead.letter.queue.topic.name': outputs[deadLetters]! }),
  };
}

async function startOf({ broker }: ReplaySetting, plan: ReplayPlan): Promise<ReadonlyMap<string, number>> {
  const partitions = await reached(broker, plan);
  return new Map(partitions.map((each) => [partitionName(each), each.committed]));
}

function countsOf(application: Application): ReplayCounts {
  const { finished, events } = application.status;
  const { delivered, filtered, skipped, deadLettered } = finished;
  return {
    finished: delivered + filtered + skipped + deadLettered,
    ...finished,
    modelCalls: events.asked,
    modelCallsSaved: events.remembered,
  };
}

/** Tells now and then how far an application is on its plan. */
class Reports {
  readonly #rates = new RateWindow();
  readonly #startedAt: number;
  readonly #positions: Map<string, number>;
  /** Partitions that this process has had; all when it is the only one. */
  readonly #own = new Set<string>();
  #arrived = false;
  #timer: Timer | undefined;

  constructor(
    private readonly application: Application,
    private readonly plan: ReplayPlan,
    private readonly clock: Clock,
    private readonly report: Part['report'],
    private readonly alone: boolean,
    start: ReadonlyMap<string, number>,
  ) {
    this.#positions = new Map(start);
    this.#startedAt = clock.now();
  }

  begin(everyMs: number): void {
    this.say();
    this.#timer = this.clock.after(everyMs, () => this.begin(everyMs));
  }

  /** @param arrived the application has ended by itself: what it had is at its end */
  last(arrived: boolean): void {
    this.#arrived = arrived;
    this.say();
  }

  end(): void {
    this.#timer?.cancel();
  }

  say(): void {
    for (const each of this.alone ? this.plan.partitions : this.application.partitions) {
      this.#own.add(partitionName(each));
    }
    const partitions = this.plan.partitions.map(({ topic, partition, from, to }) => {
      const line = partitionName({ topic, partition });
      const before = this.#positions.get(line) ?? from;
      // An abort sets positions back; what was told is not taken back for that.
      const reading = this.#arrived && this.#own.has(line) ? to : this.application.positionOf({ topic, partition });
      const position = Math.max(before, Math.min(to, reading ?? before));
      this.#positions.set(line, position);
      return { topic, partition, from, to, position };
    });
    const total = offsetsIn(this.plan);
    const done = partitions.reduce((sum, { from, position }) => sum + position - from, 0);
    const now = this.clock.now();
    const rate = this.#rates.add(now, done);
    this.report({
      phase: 'running',
      partitions,
      counts: countsOf(this.application),
      done,
      total,
      rate,
      remainingMs: rate > 0 ? ((total - done) / rate) * 1_000 : undefined,
      elapsedMs: now - this.#startedAt,
    });
  }
}
