import { count } from '../../console/human-format.js';
import { ConfigurationError } from '../../errors.js';
import { deleteReplay, listReplays, type ReplayStatus } from '../../replay/index.js';
import { openSurroundings, type PlaceFlags } from './surroundings.js';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
}

/** `millrace replay list`, and with a name `millrace replay status <name>`. */
export async function showReplays(flags: Flags, name?: string): Promise<void> {
  const around = await openSurroundings(flags);
  try {
    const applicationId = around.config['application.id'];
    const all = await listReplays(around.broker, applicationId);
    const shown = name === undefined ? all : all.filter(({ plan }) => plan.name === name);
    if (name !== undefined && shown.length === 0) {
      throw new ConfigurationError(`there is no replay '${name}' of ${applicationId}`, 'name');
    }
    for (const each of shown) {
      const text = name === undefined ? lineOf(each) : detailOf(each);
      say(flags, text, { event: 'replay', ...each, done: doneOf(each), total: totalOf(each) });
    }
    if (all.length === 0) say(flags, `there is no replay of ${applicationId}`, { event: 'none' });
  } finally {
    await around.close();
  }
}

/** `millrace replay delete <name>`. */
export async function removeReplay(flags: Flags, name: string): Promise<void> {
  const around = await openSurroundings(flags);
  try {
    const applicationId = around.config['application.id'];
    const { topics, group } = await deleteReplay(around.broker, applicationId, name, around.engines);
    const text = `replay '${name}' is deleted: group ${group}${topics.map((topic) => `, topic ${topic}`).join('')}, its state here`;
    say(flags, text, { event: 'deleted', name, group, topics });
  } finally {
    await around.close();
  }
}

function say({ json }: Flags, text: string, fields: object): void {
  process.stdout.write(json === true ? `${JSON.stringify(fields)}\n` : `${text}\n`);
}

function lineOf(replay: ReplayStatus): string {
  const { plan, state, finishedAt } = replay;
  const far = `${count(doneOf(replay))} of ${count(totalOf(replay))} offsets`;
  return `${plan.name}   ${state}   ${far}   ${plan.topology}   begun ${plan.createdAt}${finishedAt === undefined ? '' : `, finished ${finishedAt}`}`;
}

function detailOf(replay: ReplayStatus): string {
  const asked = Object.entries(replay.plan.asked).map(([setting, text]) => `${setting} ${text}`);
  return [
    lineOf(replay),
    `  asked for ${asked.join(', ')}`,
    ...replay.partitions.map(
      ({ topic, partition, from, to, committed }) =>
        `  ${topic}-${partition}  offsets ${count(from)} to ${count(to)}, committed ${count(Math.min(committed, to))}`,
    ),
    ...replay.plan.outputs.map(({ topic }) => `  writes ${topic}`),
  ].join('\n');
}

/** What lies behind the last record of a partition is nothing to do: a finished replay is wholly done. */
function doneOf({ state, partitions }: ReplayStatus): number {
  return partitions.reduce(
    (sum, { from, to, committed }) => sum + (state === 'finished' ? to : Math.min(committed, to)) - from,
    0,
  );
}

function totalOf({ partitions }: ReplayStatus): number {
  return partitions.reduce((sum, { from, to }) => sum + to - from, 0);
}
