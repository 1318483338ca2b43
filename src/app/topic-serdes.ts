import type { TopicSerdes } from '../runtime/codec.js';
import { redriveTopicsOf } from '../runtime/redrive.js';
import type { Topology } from '../topology/graph.js';
import { serdesFor, type TopicDeclaration } from '../topology/topic.js';
import type { CheckedConfig } from './config.js';

/** The serdes of a topic in the encoding that is configured for it, under the name that it was declared with. */
export function configuredSerdes(
  declaration: TopicDeclaration,
  { topics, encodings, encoding }: Pick<CheckedConfig, 'topics' | 'encodings' | 'encoding'>,
): TopicSerdes {
  const declared = Object.keys(topics).find((name) => topics[name] === declaration.name) ?? declaration.name;
  return serdesFor(declaration, encodings[declared] ?? encoding) as TopicSerdes;
}

/** The serdes of topics and of their redrive topics: redriven records are encoded as they were. */
export function withRedrivenSerdes(
  serdes: ReadonlyMap<string, TopicSerdes>,
  topology: Topology,
): ReadonlyMap<string, TopicSerdes> {
  const all = new Map(serdes);
  for (const [topic, source] of redriveTopicsOf(topology)) all.set(topic, serdes.get(source)!);
  return all;
}
