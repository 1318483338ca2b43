/**
 * Redriven records: dead letters that go through their topology once more, after the bug is fixed.
 *
 * They come by a topic of their own for each source, with as many partitions, so that the task that failed them gets
 * them back. There a record stands for the one that it was: operators see its original topic, partition and offset.
 *
 *  R1. What lies in a redrive topic has been redriven: the topic is the mark. A dead letter gets there once, because who
 *      redrives looks first and writes in a transaction (`src/dead-letters/redrive.ts`); it goes on once, because its
 *      offset commits as that of any other record.
 *  R2. A redriven record never overtakes a later change of its key (invariant 9): `distinct` drops it when its marker
 *      of the key is of a later offset, and who redrives marks it superseded when the source holds a later one.
 */
import { partitionName } from '../brokers/partition-name.js';
import type { ConsumedRecord, TopicPartitionOffset, TopicSpec } from '../brokers/port.js';
import { TopologyError } from '../errors.js';
import type { Header, Headers } from '../record.js';
import type { Topology } from '../topology/graph.js';

/** The prefix of the headers that say what a redriven record was. */
export const REDRIVE_HEADER_PREFIX = '__millrace.redrive.';

/**
 * The topic by which dead letters of a source come back: `<application.id>-<source>-redrive`.
 *
 * @throws TopologyError when the name is no topic name
 */
export function redriveTopic(applicationId: string, source: string): string {
  const name = `${applicationId}-${source}-redrive`;
  if (name.length <= 249) return name;
  throw new TopologyError(
    `the redrive topic of '${source}' would be named '${name}', more than the 249 characters of a topic's name: ` +
      'shorten application.id or the name of the topic',
    source,
  );
}

/** The redrive topic as it is created. It is kept for ever: what lies in it is not redriven again. */
export function redriveSpec(topic: string, partitions: number): TopicSpec {
  return { topic, partitions, config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } };
}

/** The topology with the redrive topics among the sources of its tasks. Its nodes and its description stay. */
export function withRedriveTopics(topology: Topology, applicationId: string): Topology {
  const subtopologies = topology.subtopologies.map((subtopology) => {
    const redriveTopics = new Map(
      subtopology.sourceTopics.map((source) => [redriveTopic(applicationId, source), source] as const),
    );
    return { ...subtopology, redriveTopics, sourceTopics: [...subtopology.sourceTopics, ...redriveTopics.keys()] };
  });
  return { ...topology, subtopologies };
}

/** Source topics by their redrive topics; empty where the topology has none. */
export function redriveTopicsOf({ subtopologies }: Topology): ReadonlyMap<string, string> {
  return new Map(subtopologies.flatMap(({ redriveTopics }) => [...(redriveTopics ?? [])]));
}

/** What a redriven record was, and which dead letter it came from. */
export interface Redriven {
  /** Where the record was read when it failed. */
  readonly source: TopicPartitionOffset;
  readonly deadLetter: TopicPartitionOffset;
  /** The offset of the later change of its key, of the same partition: the record is kept as a mark and not processed. */
  readonly supersededBy: number | undefined;
}

/** The headers that say it, in UTF-8. */
export function redriveHeaders({ source, deadLetter, supersededBy }: Redriven): Headers {
  const header = (name: string, value: string | number): Header => ({
    key: REDRIVE_HEADER_PREFIX + name,
    value: Buffer.from(String(value)),
  });
  return [
    header('topic', source.topic),
    header('partition', source.partition),
    header('offset', source.offset),
    header('dead.letter.topic', deadLetter.topic),
    header('dead.letter.partition', deadLetter.partition),
    header('dead.letter.offset', deadLetter.offset),
    ...(supersededBy === undefined ? [] : [header('superseded.by', supersededBy)]),
  ];
}

/**
 * What a record of a redrive topic was.
 *
 * @throws Error when its headers do not say it: something else than a redrive has written it
 */
export function redrivenOf(record: ConsumedRecord): Redriven {
  const texts = new Map<string, string>();
  for (const { key, value } of record.headers) {
    if (key.startsWith(REDRIVE_HEADER_PREFIX)) texts.set(key.slice(REDRIVE_HEADER_PREFIX.length), String(value));
  }
  const text = (name: string): string => {
    const value = texts.get(name);
    if (value !== undefined) return value;
    throw new Error(
      `${partitionName(record)}@${record.offset} has no header ${REDRIVE_HEADER_PREFIX}${name}: only ` +
        `'millrace dlq redrive' writes to a redrive topic`,
    );
  };
  const supersededBy = texts.get('superseded.by');
  return {
    source: { topic: text('topic'), partition: Number(text('partition')), offset: Number(text('offset')) },
    deadLetter: {
      topic: text('dead.letter.topic'),
      partition: Number(text('dead.letter.partition')),
      offset: Number(text('dead.letter.offset')),
    },
    supersededBy: supersededBy === undefined ? undefined : Number(supersededBy),
  };
}

/** The record as it was when it failed: at its original position, without the headers of the redrive. */
export function originOf(record: ConsumedRecord, { source }: Redriven): ConsumedRecord {
  const headers = record.headers.filter(({ key }) => !key.startsWith(REDRIVE_HEADER_PREFIX));
  return { ...record, ...source, headers };
}
