/**
 * Sets an application back, as Kafka's `kafka-streams-application-reset` does: its input offsets are set, its internal
 * topics deleted; and its local state is removed, which there is `KafkaStreams.cleanUp()`.
 *
 * The offsets are set first: the broker refuses that while the group has members, and then nothing has been touched.
 *
 * Source: Kafka 4.3 `org.apache.kafka.tools.StreamsResetter`.
 */
import type { Admin, Broker, Consumer, TopicPartition, TopicPartitionOffset } from '../brokers/port.js';
import { type Clock, delay, systemClock } from '../clock.js';
import { BrokerError, ConfigurationError } from '../errors.js';
import { BEGINNING, type Bound, offsetsAt } from '../reading/bound.js';
import type { StoreEngines } from '../state/store.js';

/** Where the input offsets are set to: a place in each partition, or relative to where the group is. */
export type ResetTo = Bound | { readonly kind: 'shift'; readonly by: number } | ResetFile;

/** Offsets for single partitions, as `--from-file` gives them; the others stay. */
export interface ResetFile {
  readonly kind: 'file';
  readonly offsets: readonly TopicPartitionOffset[];
}

/** What {@link resetApplication} may be told. */
export interface ResetOptions {
  /** Default: the beginning (`--to-earliest`). */
  readonly to?: ResetTo;
  /** Topics whose offsets are set. Default: those of which the group has committed offsets. */
  readonly inputTopics?: readonly string[];
  /** Internal topics to be deleted. Default: `<application.id>-…-changelog` and `-repartition`. */
  readonly internalTopics?: readonly string[];
  /** The application's state on this machine; what is elsewhere stays and is found to be older than its changelog. */
  readonly engines?: StoreEngines;
  /**
   * Waits so many milliseconds for members that have stopped without leaving to be expelled, which takes their
   * `session.timeout.ms`. Default 0: the group must be empty.
   */
  readonly waitForMembersMs?: number;
  /** Says what would be done and does nothing. */
  readonly dryRun?: boolean;
  readonly clock?: Clock;
}

/** What was done, or in a dry run would be. */
export interface ResetResult {
  /** For each partition of the input topics: where the group was (undefined: nowhere), and where it is now. */
  readonly offsets: readonly (TopicPartitionOffset & { readonly before: number | undefined })[];
  readonly deletedTopics: readonly string[];
  /** Whether state on this machine is removed. */
  readonly stateRemoved: boolean;
}

const LOOK_EVERY_MS = 500;

/**
 * Resets an application. Outputs stay as they are, and so do redrive topics and what was read of them: what was redriven
 * is not redriven again.
 *
 * @throws ConfigurationError when a topic does not exist or is internal to somebody else; BrokerError `fenced` while the
 *   application runs: stop all its instances first
 * @example
 * await resetApplication(broker, 'car-prices', { engines: lmdbEngines('.millrace/state/car-prices'), dryRun: true });
 */
export async function resetApplication(
  broker: Broker,
  applicationId: string,
  options: ResetOptions = {},
): Promise<ResetResult> {
  const { to = BEGINNING, engines, dryRun = false, clock = systemClock } = options;
  const admin = await broker.admin();
  const consumer = await broker.consumer({ groupId: applicationId, offsetReset: 'none', isolation: 'read_committed' });
  try {
    const all = await admin.listTopics();
    const internal = internalTopics(all, applicationId, options.internalTopics);
    const inputs = await inputPartitions(admin, consumer, all, applicationId, options.inputTopics);
    const befores = await consumer.committed(inputs);
    const afters = await newOffsets(consumer, inputs, befores, to);
    const offsets = inputs.flatMap((partition, index) => {
      const offset = afters[index];
      return offset === undefined ? [] : [{ ...partition, offset, before: befores[index] }];
    });
    if (offsets.length === 0 && internal.length === 0 && engines === undefined) {
      throw new ConfigurationError(
        `there is nothing of an application '${applicationId}' to be reset: its group has committed no offsets, and it has ` +
          'no internal topics. Is that its application.id? Else name its --input-topics',
        'application.id',
      );
    }
    const wait = { until: clock.now() + (options.waitForMembersMs ?? 0), clock };
    if (dryRun) await mustBeStopped(consumer, inputs, befores, applicationId, wait);
    else await commitWhenEmpty(consumer, offsets, applicationId, wait);
    if (!dryRun) {
      await admin.deleteTopics(internal);
      await engines?.remove();
    }
    return { offsets, deletedTopics: internal, stateRemoved: engines !== undefined };
  } finally {
    await consumer.close();
    await admin.close();
  }
}

function internalTopics(
  all: readonly string[],
  applicationId: string,
  named: readonly string[] | undefined,
): readonly string[] {
  const isInternal = (topic: string) =>
    topic.startsWith(`${applicationId}-`) && (topic.endsWith('-changelog') || topic.endsWith('-repartition'));
  const wrong = named?.find((topic) => !isInternal(topic) || !all.includes(topic));
  if (wrong !== undefined) {
    throw new ConfigurationError(
      `--internal-topics ${wrong}: '${applicationId}' has no such internal topic; it has ` +
        (all.filter(isInternal).join(', ') || 'none'),
      'internal-topics',
    );
  }
  return named ?? all.filter(isInternal);
}

async function inputPartitions(
  admin: Admin,
  consumer: Consumer,
  all: readonly string[],
  applicationId: string,
  named: readonly string[] | undefined,
): Promise<readonly TopicPartition[]> {
  const missing = named?.find((topic) => !all.includes(topic));
  if (missing !== undefined) {
    throw new ConfigurationError(`--input-topics ${missing}: there is no such topic`, 'input-topics');
  }
  // Internal ones are deleted, and what was redriven stays redriven.
  const candidates = named ?? all.filter((topic) => !topic.startsWith(`${applicationId}-`));
  const found: TopicPartition[] = [];
  for (const topic of candidates) {
    const count = (await admin.partitionCount(topic)) ?? 0;
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    const known = named !== undefined || (await consumer.committed(partitions)).some((offset) => offset !== undefined);
    if (known) found.push(...partitions);
  }
  return found;
}

async function newOffsets(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  befores: readonly (number | undefined)[],
  to: ResetTo,
): Promise<readonly (number | undefined)[]> {
  if (to.kind !== 'shift' && to.kind !== 'file') return offsetsAt(consumer, partitions, to);
  const offsets: (number | undefined)[] = [];
  for (const [index, partition] of partitions.entries()) {
    const { low, high } = await consumer.watermarks(partition);
    const asked = to.kind === 'shift' ? shifted(partition, befores[index], to.by) : inFile(partition, to);
    offsets.push(asked === undefined ? undefined : Math.min(Math.max(asked, low), high));
  }
  return offsets;
}

function shifted({ topic, partition }: TopicPartition, before: number | undefined, by: number): number {
  if (before !== undefined) return before + by;
  throw new ConfigurationError(
    `--shift-by ${by}: the group has committed no offset for ${topic}-${partition} that could be shifted`,
    'shift-by',
  );
}

function inFile({ topic, partition }: TopicPartition, { offsets }: ResetFile): number | undefined {
  return offsets.find((each) => each.topic === topic && each.partition === partition)?.offset;
}

interface Wait {
  readonly until: number;
  readonly clock: Clock;
}

/** Commits what is committed already: a group with members refuses that too, and nothing is changed by it. */
async function mustBeStopped(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  befores: readonly (number | undefined)[],
  applicationId: string,
  wait: Wait,
): Promise<void> {
  const same = partitions.flatMap((partition, index) => {
    const offset = befores[index];
    return offset === undefined ? [] : [{ ...partition, offset }];
  });
  await commitWhenEmpty(consumer, same, applicationId, wait);
}

async function commitWhenEmpty(
  consumer: Consumer,
  offsets: readonly TopicPartitionOffset[],
  applicationId: string,
  { until, clock }: Wait,
): Promise<void> {
  if (offsets.length === 0) return;
  consumer.assign(offsets);
  for (;;) {
    try {
      await consumer.commit(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
      return;
    } catch (thrown) {
      if (!(thrown instanceof BrokerError) || thrown.kind !== 'fenced') throw thrown;
      if (clock.now() >= until) throw stillActive(applicationId, thrown);
      await delay(clock, Math.min(LOOK_EVERY_MS, until - clock.now()));
    }
  }
}

function stillActive(applicationId: string, cause: BrokerError): BrokerError {
  return new BrokerError(
    `consumer group '${applicationId}' is still active and has members: nothing was reset. Stop all instances of the ` +
      'application first. Those that were killed count as members until their session.timeout.ms has passed: --force waits for that',
    'fenced',
    cause.code,
    { cause },
  );
}
