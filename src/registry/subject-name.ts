import type { RecordPart } from '../serde/encoding.js';

/**
 * What a schema is registered under, with Confluent's names: the topic and the half of the record (one kind of record in
 * a topic), the record's own full name (one kind in any topic), or both.
 */
export type SubjectNameStrategy = 'TopicNameStrategy' | 'RecordNameStrategy' | 'TopicRecordNameStrategy';

/**
 * @param record the full name of the record; undefined for schemas that have none
 * @throws Error when the strategy needs a name and there is none
 * @example
 * subjectName('TopicNameStrategy', 'Test.Topic', 'value', 'protocol.Message') // 'Test.Topic-value'
 */
export function subjectName(
  strategy: SubjectNameStrategy,
  topic: string,
  part: RecordPart,
  record: string | undefined,
): string {
  if (strategy === 'TopicNameStrategy') return `${topic}-${part}`;
  if (record === undefined) {
    throw new Error(
      `${strategy} names subjects by records, and the ${part} of '${topic}' is none: use TopicNameStrategy`,
    );
  }
  return strategy === 'RecordNameStrategy' ? record : `${topic}-${record}`;
}
