import type { GraphNode } from './graph.js';
import type { TopicDeclaration } from './topic.js';

/** The topics that a node reads or may write; none for a processor. */
export function topicsOf(node: GraphNode): readonly TopicDeclaration[] {
  if (node.role === 'processor') return [];
  if (node.role === 'source') return node.topics;
  const { topic } = node;
  return 'possible' in topic ? topic.possible : [topic];
}
