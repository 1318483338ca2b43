import { ConfigurationError } from '../errors.js';
import type { StreamRecord } from '../record.js';
import { frozenTopology } from '../topology/frozen.js';
import type { GraphNode, SinkNode, Topology } from '../topology/graph.js';
import type { TopicDeclaration } from '../topology/topic.js';

/**
 * The same topology on topics of other names (the setting `topics`). What was declared stays as it is: keys, values,
 * cleanup.
 *
 * @param names by declared name
 * @throws ConfigurationError for a topic that the topology does not have, or two that would become one
 */
export function renamedTopics(topology: Topology, names: Readonly<Record<string, string>>): Topology {
  if (Object.keys(names).length === 0) return topology;
  for (const declared of Object.keys(names)) {
    if (topology.topics.has(declared)) continue;
    const known = [...topology.topics.keys()].join(', ');
    throw new ConfigurationError(
      `topics.${declared}: the topology '${topology.name}' has no topic '${declared}'; it has ${known}`,
      `topics.${declared}`,
    );
  }
  const topics = new Map<string, TopicDeclaration>();
  for (const declaration of topology.topics.values()) {
    const name = names[declaration.name] ?? declaration.name;
    if (topics.has(name)) {
      throw new ConfigurationError(
        `topics.${declaration.name}: '${name}' is the name of another topic of '${topology.name}' already`,
        `topics.${declaration.name}`,
      );
    }
    topics.set(name, Object.freeze({ ...declaration, name }));
  }
  const of: Renaming = (declaration) => topics.get(names[declaration.name] ?? declaration.name) ?? declaration;
  const subtopologies = topology.subtopologies.map((subtopology) =>
    Object.freeze({
      ...subtopology,
      nodes: subtopology.nodes.map((node) => withTopics(node, of)),
      sourceTopics: subtopology.sourceTopics.map((name) => names[name] ?? name),
    }),
  );
  return frozenTopology(topology.name, subtopologies, topics);
}

type Renaming = (declaration: TopicDeclaration) => TopicDeclaration;

function withTopics(node: GraphNode, of: Renaming): GraphNode {
  if (node.role === 'processor') return node;
  if (node.role === 'source') return Object.freeze({ ...node, topics: node.topics.map(of) });
  return Object.freeze({ ...node, topic: renamedTarget(node, of) });
}

function renamedTarget({ topic }: SinkNode, of: Renaming): SinkNode['topic'] {
  if (!('choose' in topic)) return of(topic);
  const choose = (record: StreamRecord) => of(topic.choose(record));
  // `describe()` prints the name of the function.
  Object.defineProperty(choose, 'name', { value: topic.choose.name });
  return Object.freeze({ possible: topic.possible.map(of), choose });
}
