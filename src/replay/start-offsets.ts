/** The offsets of a replay's group: set before it starts, read to see how far it has come. Never the live group's. */
import type { Broker, Consumer } from '../brokers/port.js';
import { ConfigurationError } from '../errors.js';
import { retrying } from '../runtime/retry.js';
import type { PlannedPartition, ReplayPlan } from './plan.js';
import { waitAtMost } from './range.js';
import { readStretch } from './read-topic.js';

/** How long offsets may be held back by a transaction of a process that was killed; its timeout is a minute. */
const SETTLED_WITHIN_MS = 90_000;

/** A partition and the next offset that the group reads of it. */
export interface Reached extends PlannedPartition {
  readonly committed: number;
}

/** Sets the group to the beginning of the plan. @throws BrokerError `fenced` while the group has members */
export async function setStart(broker: Broker, { applicationId, partitions }: ReplayPlan): Promise<void> {
  await commit(
    broker,
    applicationId,
    partitions.map(({ topic, partition, from }) => ({ topic, partition, offset: from })),
  );
}

/** How far each partition has come: what is before is processed and written, what is behind is not. */
export async function reached(broker: Broker, { applicationId, partitions }: ReplayPlan): Promise<readonly Reached[]> {
  const consumer = await broker.consumer({ groupId: applicationId, offsetReset: 'none', isolation: 'read_committed' });
  try {
    const committed = await retrying(waitAtMost(SETTLED_WITHIN_MS), () => consumer.committed(partitions));
    return partitions.map((each, index) => ({ ...each, committed: committed[index] ?? each.from }));
  } finally {
    await consumer.close();
  }
}

/**
 * Looks whether what is still to be read is there, and moves the group on in partitions that are done and whose end is
 * deleted meanwhile: their offsets would be no place to start from.
 *
 * @throws ConfigurationError when records of the plan are deleted that were not read
 */
export async function checkStillThere(broker: Broker, plan: ReplayPlan): Promise<void> {
  const partitions = await reached(broker, plan);
  const consumer = await broker.consumer({ offsetReset: 'none', isolation: 'read_committed' });
  const done: { topic: string; partition: number; offset: number }[] = [];
  try {
    for (const { topic, partition, to, committed } of partitions) {
      const { low } = await consumer.watermarks({ topic, partition });
      if (committed >= low) continue;
      if (committed < Math.min(to, low) && committed < to) {
        throw new ConfigurationError(
          `${topic}-${partition}: offsets ${committed} to ${Math.min(low, to) - 1} of replay '${plan.name}' were deleted ` +
            'before they were read, by the retention of the topic. Delete the replay and start it anew',
          'from',
        );
      }
      done.push({ topic, partition, offset: low });
    }
  } finally {
    await consumer.close();
  }
  if (done.length > 0) await commit(broker, plan.applicationId, done);
}

/** Whether a committed record of the plan is left that the group has not passed. Gaps and markers are none. */
export async function hasRecordsLeft(broker: Broker, plan: ReplayPlan): Promise<boolean> {
  const partitions = await reached(broker, plan);
  const consumer: Consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  try {
    for (const { topic, partition, committed, to } of partitions) {
      for await (const _record of readStretch(consumer, { topic, partition, from: committed, to })) return true;
    }
    return false;
  } finally {
    await consumer.close();
  }
}

async function commit(
  broker: Broker,
  groupId: string,
  offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
): Promise<void> {
  const consumer = await broker.consumer({ groupId, offsetReset: 'none', isolation: 'read_committed' });
  try {
    consumer.assign(offsets);
    await retrying(waitAtMost(SETTLED_WITHIN_MS), () => consumer.commit(offsets));
  } finally {
    await consumer.close();
  }
}
