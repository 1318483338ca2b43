import { readFileSync } from 'node:fs';
import { asyncScheduler, Observable, Subscription } from 'rxjs';
import { parseRecording, type RecordedRecord } from '../reading/recording.js';
import type { StreamRecord } from '../record.js';
import { TopicCodec, type TopicSerdes } from '../runtime/codec.js';
import { byTimestamp } from '../runtime/owned-task.js';
import type { Encoding, EncodingName } from '../serde/encoding.js';
import type { SourceNode } from '../topology/graph.js';
import { serdesFor, type TopicDeclaration } from '../topology/topic.js';
import type { TestInputTopic } from './test-input-topic.js';

/** How recorded records are decoded. */
export interface DecodeOptions {
  /** How the topic was encoded. Default `connect-json`. */
  readonly encoding?: EncodingName | Encoding;
}

/** Which frames a recording takes in a marble test. */
export interface StreamOptions extends DecodeOptions {
  /**
   * Milliseconds, i.e. frames, between two records. Default: as the timestamps lie, the first at frame 0; one that is
   * earlier than the record before it comes with it.
   */
  readonly everyMs?: number;
}

/** Records that were recorded, to be fed to a test. Made by {@link replayFile}. */
export class Recording {
  /** As they lay in their topic; of several partitions, lowest timestamp first. */
  readonly records: readonly RecordedRecord[];

  constructor(records: readonly RecordedRecord[]) {
    this.records = byTimestamp(records.map((record) => ({ ...record, topic: '' })));
  }

  /**
   * Pipes all of them into a topic of a driver: the recorded bytes, headers and timestamps.
   *
   * @throws RecordError when one fails and its handler says `fail`
   */
  pipeInto(input: Pick<TestInputTopic<never, never>, 'pipeBytes'>): void {
    for (const { key, value, timestamp, headers } of this.records) input.pipeBytes(key, value, { timestamp, headers });
  }

  /**
   * The records as operators see them behind a source.
   *
   * Encodings that fetch schemas are asked for them first: with Avro, await it.
   *
   * @throws Error when one cannot be decoded
   */
  async decoded<K, V>(
    topic: TopicDeclaration<K, V>,
    options: DecodeOptions = {},
  ): Promise<readonly StreamRecord<V, K>[]> {
    const codec = codecOf(topic, options);
    await codec.prepare(this.#of(topic));
    return this.#decode(topic, codec);
  }

  /**
   * The records as an Observable, for `marbles`: a frame is a millisecond, so each comes as long after the first as its
   * timestamp says. Cold: it starts when it is subscribed to.
   *
   * @throws Error (errors) when one cannot be decoded, or its encoding has to fetch a schema: see {@link decoded}
   */
  stream<K, V>(topic: TopicDeclaration<K, V>, options: StreamOptions = {}): Observable<StreamRecord<V, K>> {
    const { everyMs } = options;
    return new Observable((subscriber) => {
      const records = this.#decode(topic, codecOf(topic, options));
      const waits = new Subscription();
      const start = records[0]?.timestamp ?? 0;
      let frame = 0;
      for (const [index, record] of records.entries()) {
        frame = everyMs === undefined ? Math.max(frame, record.timestamp - start) : index * everyMs;
        waits.add(asyncScheduler.schedule(() => subscriber.next(record), frame));
      }
      waits.add(asyncScheduler.schedule(() => subscriber.complete(), frame));
      return waits;
    });
  }

  #of({ name }: TopicDeclaration): readonly (RecordedRecord & { readonly topic: string })[] {
    return this.records.map((record) => ({ ...record, topic: name }));
  }

  #decode<K, V>(topic: TopicDeclaration<K, V>, codec: TopicCodec): readonly StreamRecord<V, K>[] {
    const source: SourceNode = {
      role: 'source',
      name: `replayFile(${topic.name})`,
      topics: [topic],
      parents: [],
      children: [],
      timestampExtractor: undefined,
      offsetReset: undefined,
    };
    return this.#of(topic).map((record) => codec.read(source, record, -1) as StreamRecord<V, K>);
  }
}

/**
 * Reads records that `millrace record` wrote, or that were recorded in its format (`src/reading/recording.ts`), to feed
 * them with their timestamps to `TopologyTestDriver` and to marble tests.
 *
 * @throws Error when the file cannot be read, naming the line that is wrong
 * @example
 * const cars = replayFile('test/fixtures/cars.jsonl');
 * cars.pipeInto(driver.createInputTopic(carChanges));
 * expectRecords(cars.stream(carChanges).pipe(unwrap())).toBe('a 20ms b|', { … });
 */
export function replayFile(path: string): Recording {
  return new Recording(parseRecording(readFileSync(path, 'utf8'), path));
}

function codecOf(topic: TopicDeclaration, { encoding = 'connect-json' }: DecodeOptions): TopicCodec {
  const serdes = serdesFor(topic, encoding) as TopicSerdes;
  return new TopicCodec(new Map([[topic.name, serdes]]), Number.POSITIVE_INFINITY);
}
