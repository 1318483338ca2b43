import type { GraphNode, Subtopology } from './graph.js';

/**
 * Divides a graph into what is connected. (A store belongs to one node, so only edges connect.)
 *
 * Ids follow the order in which the first nodes of the subtopologies were added, as in Kafka Streams'
 * `InternalTopologyBuilder.makeNodeGroups`.
 *
 * @param nodes parents before children
 */
export function subtopologiesOf(nodes: readonly GraphNode[]): readonly Subtopology[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const seen = new Set<GraphNode>();
  const subtopologies: Subtopology[] = [];
  for (const first of nodes) {
    if (seen.has(first)) continue;
    const members = connectedWith(first, byName);
    for (const member of members) seen.add(member);
    subtopologies.push(
      subtopology(
        subtopologies.length,
        nodes.filter((node) => members.has(node)),
      ),
    );
  }
  return Object.freeze(subtopologies);
}

function connectedWith(first: GraphNode, byName: ReadonlyMap<string, GraphNode>): ReadonlySet<GraphNode> {
  const members = new Set<GraphNode>([first]);
  // A set may grow while it is iterated: the loop meets what is added.
  for (const member of members) {
    for (const neighbour of [...member.parents, ...member.children]) members.add(byName.get(neighbour)!);
  }
  return members;
}

function subtopology(id: number, nodes: readonly GraphNode[]): Subtopology {
  return Object.freeze({
    id,
    nodes: Object.freeze(nodes),
    sourceTopics: Object.freeze(
      nodes.flatMap((node) => (node.role === 'source' ? node.topics.map((t) => t.name) : [])),
    ),
    stores: Object.freeze(nodes.flatMap((node) => (node.role === 'processor' ? node.operator.stores : []))),
  });
}
