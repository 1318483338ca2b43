/** Opens the clients of an application and makes the worker that uses them. */
import { randomUUID } from 'node:crypto';
import type { ConsumerConfig } from '../brokers/port.js';
import { TopicCodec, type TopicSerdes } from '../runtime/codec.js';
import { consumerWithCompanions } from '../runtime/companion-consumer.js';
import { deadLetter } from '../runtime/dead-letter.js';
import { redriveTopicsOf } from '../runtime/redrive.js';
import type { RestoreListener } from '../runtime/restore.js';
import { TracedCodec } from '../runtime/traced-codec.js';
import { Worker } from '../runtime/worker.js';
import type { WorkerListener, WorkerSettings } from '../runtime/worker-settings.js';
import type { RunLimits, Surroundings } from './application.js';
import { type CheckedConfig, handlerOf } from './config.js';
import { copartitionedTopics } from './copartitioned-topics.js';
import { offsetResets } from './offset-resets.js';
import type { Oracles } from './oracles.js';
import { recordTracer } from './spans.js';
import type { NodeTaps } from './taps.js';
import { withRedrivenSerdes } from './topic-serdes.js';

/** What is made once, whatever becomes of the clients. */
export type Prepared = Pick<WorkerSettings, 'topology' | 'changelogs'>;

/** What an application gives its workers. */
export interface ForWorkers {
  readonly config: CheckedConfig;
  readonly around: Required<Surroundings>;
  readonly limits: RunLimits;
  readonly serdes: ReadonlyMap<string, TopicSerdes>;
  readonly taps: NodeTaps;
  readonly oracles: Oracles;
  readonly listener: WorkerListener;
  readonly restoreListener: RestoreListener;
}

/** @throws BrokerError `retriable` when no broker answers; nothing is left open then */
export async function openWorker(
  { topology, changelogs }: Prepared,
  { config, around, limits, serdes, taps, oracles, listener, restoreListener }: ForWorkers,
): Promise<Worker> {
  const { broker, clock, engines } = around;
  const applicationId = config['application.id'];
  const guarantee = config['processing.guarantee'];
  const deadLetterTopic = config['errors.dead.letter.queue.topic.name'];
  const instance = config['instance.id'];

  const producer = await broker.producer(
    guarantee === 'exactly_once_v2' ? { transactionalId: `${applicationId}-${instance ?? randomUUID()}` } : {},
  );
  const resets = offsetResets(topology);
  const offsetReset = (topic: string) => resets.get(topic) ?? config['auto.offset.reset'];
  const openConsumer = async () => {
    // Before the first read of committed offsets: what a predecessor of this id left open is settled by this.
    if (guarantee === 'exactly_once_v2') await producer.initTransactions(60_000);
    const member: ConsumerConfig = {
      groupId: applicationId,
      ...(instance === undefined ? {} : { instanceId: `${applicationId}-${instance}` }),
      offsetReset,
      isolation: 'read_committed',
      copartitioned: copartitionedTopics(topology),
      maxPollIntervalMs: config['max.poll.interval.ms'],
      sessionTimeoutMs: config['session.timeout.ms'],
    };
    return consumerWithCompanions(broker, member, redriveTopicsOf(topology), clock);
  };
  const { consumer, member } = await openConsumer().catch(async (thrown: unknown) => {
    await producer.close();
    throw thrown;
  });
  const codec = new TopicCodec(withRedrivenSerdes(serdes, topology), config['max.request.size']);
  const tracer = recordTracer(applicationId);
  return new Worker(
    {
      topology,
      sourceTopics: topology.subtopologies.flatMap(({ sourceTopics }) => sourceTopics),
      changelogs,
      applicationId,
      guarantee,
      broker,
      clock,
      codec: tracer === undefined ? codec : new TracedCodec(codec, tracer),
      tracer,
      taps,
      engines,
      storeCacheEntries: config['statestore.cache.max.entries'],
      commitIntervalMs: config['commit.interval.ms'],
      maxPollRecords: config['max.poll.records'],
      maxPollIntervalMs: config['max.poll.interval.ms'],
      inFlight: { records: config['max.in.flight.records'], bytes: config['max.in.flight.bytes'] },
      revokeDeadlineMs: config['rebalance.timeout.ms'],
      drainDeadlineMs: config['shutdown.timeout.ms'],
      offsetReset,
      bounds: limits.bounds,
      recordsPerSecond: limits.recordsPerSecond,
      listener,
      restoreListener,
      oracle: (model) => oracles.of(model),
      handler: (phase) => handlerOf(config, phase),
      deadLetter: (raw, error) => deadLetter(deadLetterTopic ?? '', raw, error),
    },
    consumer,
    producer,
    member,
  );
}
