/**
 * What Prometheus is told of an application. Names and labels follow its conventions: base units, `_total` for counters.
 * `docs/operations.md` says what each figure means and what to do about it.
 *
 * Nothing is counted for the metrics alone but what happens once in a commit, an error or a restore: everything else is
 * read from the runtime's own counts when somebody asks.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { Application, ApplicationListener } from '../app/application.js';
import type { Lag } from '../app/lag.js';
import { asError } from '../errors.js';
import { modelMetrics } from './model-metrics.js';
import { RestoreProgress } from './restore-progress.js';
import { counterOf, gaugeOf, type Sample } from './snapshots.js';

const STATES = ['CREATED', 'REBALANCING', 'RUNNING', 'PENDING_SHUTDOWN', 'NOT_RUNNING', 'ERROR'] as const;
/** Seconds: a commit to a broker next door takes some milliseconds, one that waits for replicas some hundreds. */
const COMMIT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds: from a commit at once to a backlog of an hour. */
const END_TO_END_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];

/** What is said once of an application, on `millrace_info` and (its id) on all metrics. */
export interface ApplicationIdentity {
  readonly applicationId: string;
  readonly instanceId: string;
  readonly topology: string;
  readonly version: string;
  /** How often this instance was started again by `--instances`. */
  readonly restarts: number;
}

/**
 * The metrics of one application.
 *
 * @example
 * const metrics = new ApplicationMetrics({ applicationId: 'car-prices', instanceId: 'a', topology: 'car-prices', version: '1', restarts: 0 });
 * const app = new Application(carPrices, config, around, metrics.listener);
 * metrics.watch(app, new Lag(app, around.broker, systemClock));
 * http.get('/metrics', async () => metrics.text());
 */
export class ApplicationMetrics {
  /** To be told by the application. */
  readonly listener: ApplicationListener;
  readonly #registry = new Registry();
  readonly #restores = new RestoreProgress();
  readonly #deadLetters: Counter<'topic'>;
  #lookAtLag = async (): Promise<void> => {};

  constructor(identity: ApplicationIdentity) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ application_id: identity.applicationId });
    collectDefaultMetrics({ register: this.#registry });
    const commits = new Histogram({
      name: 'millrace_commit_duration_seconds',
      help: 'Time from the start of a commit until the broker had it.',
      buckets: COMMIT_BUCKETS,
      registers,
    });
    const endToEnd = new Histogram({
      name: 'millrace_record_e2e_latency_seconds',
      help: 'Time from the timestamp of a record until all that came of it was committed; of the first and the last record of each task in each commit.',
      buckets: END_TO_END_BUCKETS,
      registers,
    });
    const errors = new Counter({
      name: 'millrace_record_errors_total',
      help: 'Records that failed, by the phase whose handler decided and by what it decided.',
      labelNames: ['phase', 'decision'],
      registers,
    });
    this.#deadLetters = new Counter({
      name: 'millrace_dead_letters_total',
      help: 'Records that went to the dead-letter topic, by the topic that they were read from.',
      labelNames: ['topic'],
      registers,
    });
    const troubles = new Counter({
      name: 'millrace_broker_troubles_total',
      help: 'Calls to the broker that failed and were made again.',
      registers,
    });
    const abandoned = new Counter({
      name: 'millrace_records_abandoned_total',
      help: 'Records that were not finished when their partition went or the process ended; they are read again.',
      registers,
    });
    this.#info(identity);
    const deadLetters = this.#deadLetters;
    this.listener = {
      onCommit(latencyMs, endToEndMs) {
        commits.observe(latencyMs / 1_000);
        for (const ms of endToEndMs) endToEnd.observe(ms / 1_000);
      },
      onRecordDropped({ phase, position }, decision) {
        errors.inc({ phase, decision });
        if (decision === 'dead-letter') deadLetters.inc({ topic: position.topic });
      },
      onBrokerTrouble: () => troubles.inc(),
      onAbandoned: (_task, records) => abandoned.inc(records),
      ...this.#restores.listener,
    };
  }

  /** The media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Prometheus' text format. */
  async text(): Promise<string> {
    await this.#lookAtLag();
    return this.#registry.metrics();
  }

  /** Reads this application from now on; once. */
  watch(application: Application, lag: Lag): void {
    const registry = this.#registry;
    const status = () => application.status;
    // From 0 on: a series that begins at 1 has no increase, and the first dead letter would alarm nobody.
    for (const { sourceTopics } of application.topology.subtopologies) {
      for (const topic of sourceTopics) this.#deadLetters.inc({ topic }, 0);
    }
    gaugeOf(
      registry,
      {
        name: 'millrace_application_state',
        help: "1 for the application's state, 0 for the others.",
        labels: ['state'],
      },
      () => STATES.map((state) => [{ state }, state === application.state ? 1 : 0]),
    );
    counterOf(
      registry,
      {
        name: 'millrace_records_finished_total',
        help: 'Records whose outcome is committed, by what became of them.',
        labels: ['outcome'],
      },
      () => Object.entries(status().finished).map(([outcome, count]) => [{ outcome: snake(outcome) }, count]),
    );
    const counted = (name: string, help: string, read: () => number) =>
      counterOf(registry, { name, help }, () => [[{}, read()]]);
    counted('millrace_records_consumed_total', 'Records read; those that an abort set back count again.', () => {
      return status().traffic.consumed;
    });
    counted('millrace_records_produced_total', 'Records written to topics of the topology and dead letters.', () => {
      return status().traffic.produced;
    });
    counted('millrace_changelog_records_produced_total', 'Records written to changelogs.', () => {
      return status().traffic.changes;
    });
    gaugeOf(
      registry,
      {
        name: 'millrace_records_in_flight',
        help: 'Records read and not committed: with a model, waiting for an earlier one, or in the open transaction.',
      },
      () => [[{}, status().inFlight]],
    );
    counterOf(
      registry,
      {
        name: 'millrace_operator_events_total',
        help: 'What operators counted: questions asked and saved by a memory, duplicates dropped and the like.',
        labels: ['event'],
      },
      () => Object.entries(status().events).map(([event, count]) => [{ event }, count]),
    );
    this.#lag(lag);
    this.#stores(application);
    this.#brokers(application);
    this.#restores.register(registry);
    modelMetrics(registry, () => status().models);
  }

  #info({ instanceId, topology, version, restarts }: ApplicationIdentity): void {
    const labels = { instance_id: instanceId, topology, version };
    const help = 'Always 1; the labels say what runs.';
    gaugeOf(this.#registry, { name: 'millrace_info', help, labels: Object.keys(labels) }, () => [[labels, 1]]);
    counterOf(
      this.#registry,
      {
        name: 'millrace_instance_restarts_total',
        help: 'How often the supervisor of --instances has started this instance again.',
      },
      () => [[{}, restarts]],
    );
  }

  #lag(lag: Lag): void {
    const registry = this.#registry;
    let known: readonly Sample[] = [];
    let failed = 0;
    // It may have to be asked of the broker, which the collectors of the values cannot wait for.
    this.#lookAtLag = async () => {
      try {
        known = (await lag.partitions()).map(({ topic, partition, records }) => [{ topic, partition }, records]);
      } catch (thrown) {
        // The broker is away: an old lag would look like a fresh one.
        if (asError(thrown).name !== 'BrokerError') throw thrown;
        known = [];
        failed += 1;
      }
    };
    gaugeOf(
      registry,
      {
        name: 'millrace_consumer_lag_records',
        help: 'Records written to a partition and not committed by this application.',
        labels: ['topic', 'partition'],
      },
      () => known,
    );
    counterOf(
      registry,
      { name: 'millrace_consumer_lag_unknown_total', help: 'How often the lag could not be found out for a scrape.' },
      () => [[{}, failed]],
    );
  }

  #stores(application: Application): void {
    const stores = () =>
      Object.entries(application.status.stores).map(([path, statistics]) => {
        const [task = '', store = ''] = path.split('/');
        return [{ task, store }, statistics] as const;
      });
    const labels = ['task', 'store'];
    gaugeOf(
      this.#registry,
      {
        name: 'millrace_store_hit_ratio',
        help: 'Reads of a store answered from memory, of all its reads, since its task came to this process.',
        labels,
      },
      () => stores().map(([of, { hitRatio }]) => [of, hitRatio]),
    );
    counterOf(
      this.#registry,
      {
        name: 'millrace_store_reads_total',
        help: 'Reads of a store, by what answered: uncommitted writes, the cache, the disk, or nobody.',
        labels: [...labels, 'answer'],
      },
      () =>
        stores().flatMap(([of, { uncommitted, cache, engine, miss }]) =>
          Object.entries({ uncommitted, cache, engine, miss }).map(
            ([answer, count]): Sample => [{ ...of, answer }, count],
          ),
        ),
    );
    gaugeOf(
      this.#registry,
      { name: 'millrace_store_cached_entries', help: 'Entries of a store kept decoded in memory.', labels },
      () => stores().map(([of, { cachedEntries }]) => [of, cachedEntries]),
    );
  }

  #brokers(application: Application): void {
    const brokers = () => application.clientStatistics?.brokers ?? [];
    gaugeOf(
      this.#registry,
      {
        name: 'millrace_broker_connection_up',
        help: '1 while the consumer has a connection to the broker.',
        labels: ['broker'],
      },
      () => brokers().map(({ broker, isUp }) => [{ broker }, isUp ? 1 : 0]),
    );
    gaugeOf(
      this.#registry,
      {
        name: 'millrace_broker_round_trip_seconds',
        help: 'Mean time from a request to its answer in the last interval.',
        labels: ['broker'],
      },
      () =>
        brokers().flatMap(({ broker, roundTripMs }): Sample[] =>
          roundTripMs === undefined ? [] : [[{ broker }, roundTripMs / 1_000]],
        ),
    );
  }
}

/** deadLettered -> dead_lettered */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
