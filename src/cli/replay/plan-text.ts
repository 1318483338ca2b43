import { count, duration } from '../../console/human-format.js';
import type { ReplayEstimate, ReplayPlan } from '../../replay/index.js';

/** A plan as a person reads it. */
export function planText(
  plan: ReplayPlan,
  as: 'new' | 'resumed' | 'finished',
  estimate: ReplayEstimate | undefined,
): string {
  const total = plan.partitions.reduce((sum, { from, to }) => sum + to - from, 0);
  const head = { new: 'planned', resumed: `goes on, planned ${plan.createdAt}`, finished: `planned ${plan.createdAt}` };
  const lines = [
    `replay '${plan.name}' of ${plan.topology}: ${head[as]}`,
    `  runs as   ${plan.applicationId} (group, state); ${plan.liveApplicationId} is left alone`,
    ...plan.partitions.map(
      ({ topic, partition, from, to, firstTime, lastTime }) =>
        `  reads     ${topic}-${partition}  offsets ${count(from)} to ${count(to)}` +
        `${to > from ? `, ${count(to - from)} records at most` : ', nothing'}` +
        `${firstTime === null ? '' : `  ${iso(firstTime)} … ${iso(lastTime!)}`}`,
    ),
    `  in all    ${count(total)} records at most`,
    ...plan.outputs.map(({ live, topic, partitions }) =>
      live === topic
        ? `  WRITES    ${topic}, the live topic: its readers get these records again, and newer values of a key are overwritten by older ones`
        : `  makes     ${topic} (${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, kept for ever) instead of ${live}`,
    ),
    ...plan.changelogs.map((topic) => `  makes     ${topic}${plan.withState ? ', seeded with the live state' : ''}`),
  ];
  if (estimate !== undefined) {
    lines.push(
      estimate.sampled === 0
        ? '  takes     nobody knows: of a sample of records none was finished in 5 s (is the model there?)'
        : `  takes     about ${duration(estimate.estimatedMs)}, at ${count(estimate.recordsPerSecond)} records/s ` +
            `(measured on ${count(estimate.sampled)} of them in memory)`,
    );
  }
  return lines.join('\n');
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
