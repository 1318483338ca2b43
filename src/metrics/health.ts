/**
 * Whether an application lives and whether it processes, for those who start, restart and route: Kubernetes' probes.
 *
 * Live: starting it again would not help. Ready: records that come are processed. What it waits for makes it not ready
 * and not dead: a model that is away, a broker, a restore.
 */
import type { Application, ApplicationListener } from '../app/application.js';
import type { State } from '../app/state.js';
import { partitionName } from '../brokers/partition-name.js';
import type { Clock } from '../clock.js';

/** Records in flight with no commit for so long (ms) are stuck. */
const STUCK_MS = 60_000;

/** An answer to a probe. */
export interface HealthReport {
  readonly ok: boolean;
  readonly state: State;
  /** Why not, each in a sentence for a person. Empty when it is. */
  readonly because: readonly string[];
}

export class Health {
  /** To be told by the application. */
  readonly listener: ApplicationListener;
  readonly #application: () => Application | undefined;
  readonly #clock: Clock;
  /** Stores that are being restored. */
  readonly #restoring = new Map<string, string>();
  #commits = 0;
  #busy: { readonly since: number; readonly commits: number } | undefined;

  /** @param application undefined while there is none yet */
  constructor(application: () => Application | undefined, clock: Clock) {
    this.#application = application;
    this.#clock = clock;
    this.listener = {
      onCommit: () => {
        this.#commits += 1;
      },
      onRestoreStart: (store, changelog, start, end) => {
        const text = `${store} of partition ${changelog.partition}, ${end - start} offsets`;
        this.#restoring.set(partitionName(changelog), text);
      },
      onRestoreEnd: (_store, changelog) => {
        this.#restoring.delete(partitionName(changelog));
      },
    };
  }

  live(): HealthReport {
    const application = this.#application();
    const state = application?.state ?? 'CREATED';
    const because: string[] = [];
    if (state === 'ERROR') because.push(`it has failed: ${application?.failure?.message}`);
    if (state === 'NOT_RUNNING') because.push('it has ended');
    return { ok: because.length === 0, state, because };
  }

  ready(): HealthReport {
    const application = this.#application();
    if (application === undefined) return { ok: false, state: 'CREATED', because: ['it is starting'] };
    const { state } = application;
    const because = [...this.#ofState(application), ...ofModels(application), ...ofBrokers(application)];
    const stuckMs = this.#stuckFor(application);
    if (stuckMs > STUCK_MS) {
      const seconds = Math.round(stuckMs / 1_000);
      because.push(`${application.status.inFlight} records are in flight and nothing was committed for ${seconds} s`);
    }
    return { ok: because.length === 0, state, because };
  }

  #ofState({ state, failure }: Application): readonly string[] {
    if (state === 'RUNNING') return [];
    if (state === 'ERROR') return [`it has failed: ${failure?.message}`];
    const restoring = [...this.#restoring.values()];
    if (state === 'REBALANCING' && restoring.length > 0) return restoring.map((store) => `it restores ${store}`);
    return [`it is ${state}`];
  }

  /** Milliseconds, as far as these looks can tell. */
  #stuckFor(application: Application): number {
    const now = this.#clock.now();
    if (application.status.inFlight === 0 || this.#busy?.commits !== this.#commits) this.#busy = undefined;
    this.#busy ??= { since: now, commits: this.#commits };
    return now - this.#busy.since;
  }
}

function ofModels({ status }: Application): readonly string[] {
  return Object.entries(status.models).flatMap(([model, { availability }]) => {
    if (availability.state === 'available') return [];
    const since = new Date(availability.since).toISOString();
    return [`the model ${model} is ${availability.state} since ${since}: ${availability.because}`];
  });
}

function ofBrokers({ clientStatistics }: Application): readonly string[] {
  const brokers = clientStatistics?.brokers ?? [];
  if (brokers.length === 0 || brokers.some(({ isUp }) => isUp)) return [];
  return [`no broker is connected: ${brokers.map(({ broker }) => broker).join(', ')}`];
}
