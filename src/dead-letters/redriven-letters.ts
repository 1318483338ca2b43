import type { Broker, TopicPartition } from '../brokers/port.js';
import { readRange } from '../reading/bounded-read.js';
import { redrivenOf, redriveTopic } from '../runtime/redrive.js';

/** What became of the dead letters that were redriven, by their place in the dead-letter topic. */
export type RedrivenLetters = ReadonlyMap<string, 'redriven' | 'superseded'>;

/**
 * Reads from the redrive topics of an application what of a dead-letter topic was redriven.
 *
 * In memory: one entry for each dead letter that was redriven, about 100 bytes.
 *
 * @param sources the topics that the dead letters came from
 */
export async function redrivenLetters(
  broker: Broker,
  applicationId: string,
  sources: Iterable<string>,
  deadLetterTopic: string,
): Promise<RedrivenLetters> {
  const admin = await broker.admin();
  const topics = new Set(await admin.listTopics().finally(() => admin.close()));
  const found = new Map<string, 'redriven' | 'superseded'>();
  for (const source of sources) {
    const topic = redriveTopic(applicationId, source);
    if (!topics.has(topic)) continue;
    for await (const records of readRange(broker, topic)) {
      for (const record of records) {
        const { deadLetter, supersededBy } = redrivenOf(record);
        if (deadLetter.topic !== deadLetterTopic) continue;
        found.set(placeOf(deadLetter), supersededBy === undefined ? 'redriven' : 'superseded');
      }
    }
  }
  return found;
}

/** A place in a dead-letter topic as a text: `partition@offset`, as `millrace dlq show` takes it. */
export function placeOf({
  partition,
  offset,
}: Pick<TopicPartition, 'partition'> & { readonly offset: number }): string {
  return `${partition}@${offset}`;
}
