/** Replays that were begun: which there are, how far they are, and how to be rid of them. */
import type { Admin, Broker } from '../brokers/port.js';
import { delay, systemClock } from '../clock.js';
import { BrokerError, ConfigurationError } from '../errors.js';
import type { StoreEngines } from '../state/store.js';
import { forgetReplay, type KeptReplay, keptReplays } from './kept-replays.js';
import type { ReplayPlan } from './plan.js';
import { type Reached, reached } from './start-offsets.js';

/** A replay and how far it is. */
export interface ReplayStatus extends KeptReplay {
  readonly partitions: readonly Reached[];
}

/**
 * The replays of an application, in the order of their names.
 *
 * @example
 * for (const { plan, state } of await listReplays(broker, 'car-prices')) console.log(plan.name, state);
 */
export async function listReplays(broker: Broker, liveApplicationId: string): Promise<readonly ReplayStatus[]> {
  const replays: ReplayStatus[] = [];
  for (const kept of (await keptReplays(broker, liveApplicationId)).values()) {
    // Before it runs nothing is committed for it, and its group may be one of an earlier replay.
    const partitions =
      kept.state === 'preparing'
        ? kept.plan.partitions.map((each) => ({ ...each, committed: each.from }))
        : await reached(broker, kept.plan);
    replays.push({ ...kept, partitions });
  }
  return replays.sort((a, b) => (a.plan.name < b.plan.name ? -1 : 1));
}

/** A process that has ended keeps its place in the group for its session timeout (a static member). */
const PLACES_KEPT_MS = 20_000;
const TRY_AGAIN_MS = 200;

/** What `deleteReplay` has deleted. */
export interface DeletedReplay {
  readonly topics: readonly string[];
  readonly group: string;
}

/**
 * Deletes a replay: its topics (never live ones), its group, its state on this machine, and what is known of it.
 * Repeated after it was cut short, it does the rest.
 *
 * @param engines opens the state in a folder, as for `replay`
 * @throws ConfigurationError when there is no such replay; BrokerError `fenced` while it runs
 * @example
 * await deleteReplay(broker, 'car-prices', 'v2', (folder) => lmdbEngines(join('.millrace/state', folder)));
 */
export async function deleteReplay(
  broker: Broker,
  liveApplicationId: string,
  name: string,
  engines: (folder: string) => StoreEngines,
): Promise<DeletedReplay> {
  const known = await keptReplays(broker, liveApplicationId);
  const kept = known.get(name);
  if (kept === undefined) {
    const names = [...known.keys()].sort().join(', ');
    throw new ConfigurationError(
      `there is no replay '${name}' of ${liveApplicationId}: ${names === '' ? 'there is none' : `there are ${names}`}`,
      'name',
    );
  }
  const { plan } = kept;
  const admin = await broker.admin();
  try {
    // First, because a group with members refuses it.
    await deleteGroup(admin, plan);
    const own = [
      ...plan.outputs.filter(({ live, topic }) => topic !== live).map(({ topic }) => topic),
      ...plan.changelogs,
    ];
    const topics: string[] = [];
    for (const topic of own) if ((await admin.partitionCount(topic)) !== undefined) topics.push(topic);
    await admin.deleteTopics(topics);
    await engines(plan.applicationId).remove();
    await forgetReplay(broker, plan);
    return { topics, group: plan.applicationId };
  } finally {
    await admin.close();
  }
}

async function deleteGroup(admin: Admin, { name, applicationId }: ReplayPlan): Promise<void> {
  const until = systemClock.now() + PLACES_KEPT_MS;
  for (;;) {
    try {
      await admin.deleteGroup(applicationId);
      return;
    } catch (thrown) {
      if (!(thrown instanceof BrokerError) || thrown.kind !== 'fenced') throw thrown;
      if (systemClock.now() > until) {
        throw new BrokerError(
          `replay '${name}' runs: its group ${applicationId} has members. Stop it, then delete it`,
          'fenced',
          thrown.code,
          { cause: thrown },
        );
      }
      await delay(systemClock, TRY_AGAIN_MS);
    }
  }
}
