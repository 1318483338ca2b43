import { describe } from './describe.js';
import type { Subtopology, Topology } from './graph.js';
import { mermaid } from './mermaid.js';
import type { TopicDeclaration } from './topic.js';

/** The value that a topology is, with the texts and pictures that are made of it. */
export function frozenTopology(
  name: string,
  subtopologies: readonly Subtopology[],
  topics: ReadonlyMap<string, TopicDeclaration>,
): Topology {
  return Object.freeze({
    name,
    subtopologies,
    topics,
    describe: () => describe(subtopologies),
    toMermaid: () => mermaid(subtopologies),
  });
}
