import { TopologyError } from '../errors.js';
import { Draft } from './draft.js';
import { frozenTopology } from './frozen.js';
import type { Topology } from './graph.js';
import { checkName } from './names.js';
import { type SourceOptions, type Stream, streamFrom } from './stream.js';
import { subtopologiesOf } from './subtopologies.js';
import type { TopicDeclaration } from './topic.js';
import { validate } from './validate.js';

type KeyOf<T> = T extends TopicDeclaration<infer K, infer _V> ? K : never;
type ValueOf<T> = T extends TopicDeclaration<infer _K, infer V> ? V : never;

/** What a topology is built with. */
export interface TopologyBuilder {
  /**
   * Reads a topic, or several as one stream: Kafka Streams' `StreamsBuilder.stream`.
   *
   * @throws TopologyError when it is not a declared topic, or is read already
   */
  stream<K, V>(topic: TopicDeclaration<K, V>, options?: SourceOptions): Stream<V, K>;
  stream<const T extends readonly TopicDeclaration[]>(
    topics: T,
    options?: SourceOptions,
  ): Stream<ValueOf<T[number]>, KeyOf<T[number]>>;
}

/**
 * Declares a topology: a frozen value that is validated and can be described; running it is an application's affair.
 *
 * @param name the topology's name: `[A-Za-z0-9._-]`, at most 249 characters
 * @param build called once, at once; must not be asynchronous
 * @throws TopologyError naming the node that is wrong
 * @example
 * export default topology('car-prices', ({ stream }) =>
 *   stream(carChanges).pipe(unwrap(), filter((car) => car !== null)).to(cars),
 * );
 */
export function topology(name: string, build: (builder: TopologyBuilder) => void): Topology {
  checkName(name, 'a topology');
  const draft = new Draft(name);
  const returned: unknown = build({
    stream: <V, K>(topics: TopicDeclaration | readonly TopicDeclaration[], options: SourceOptions = {}) =>
      streamFrom<V, K>(draft, Array.isArray(topics) ? topics : [topics as TopicDeclaration], options),
  });
  if (returned instanceof Promise) {
    throw new TopologyError(`the callback of topology '${name}' is asynchronous: declare everything at once`, name);
  }
  const nodes = draft.finish();
  validate(name, nodes);
  return frozenTopology(name, subtopologiesOf(nodes), draft.topics);
}
