/**
 * The text of Kafka Streams' `Topology.describe()`, character for character, so that what reads that text reads ours.
 *
 * The JVM lists nodes by the size of what hangs on them, and neighbours in an order that also depends on hash tables;
 * the same containers are gone through here. Recorded texts: `test/fixtures/describe`.
 *
 * Source: `InternalTopologyBuilder.describeSubtopology` and `TopologyDescription.toString` of Kafka Streams 4.3.
 */
import type { GraphNode, SinkNode, Subtopology } from './graph.js';
import { hashMapOrder, hashSetOrder, TreeSet } from './jvm-order.js';

interface DescribedNode {
  readonly node: GraphNode;
  readonly predecessors: TreeSet<DescribedNode>;
  readonly successors: TreeSet<DescribedNode>;
  /** This node and what is below it, counted once for every path that leads there. */
  size: number;
}

export function describe(subtopologies: readonly Subtopology[]): string {
  return `Topologies:\n ${subtopologies.map(describeSubtopology).join('')}`;
}

function describeSubtopology({ id, nodes }: Subtopology): string {
  const lines = connect(nodes).map((described) => `    ${describeNode(described)}\n`);
  return `  Sub-topology: ${id}\n${lines.join('')}\n`;
}

function connect(nodes: readonly GraphNode[]): readonly DescribedNode[] {
  const described = new Map<string, DescribedNode>(
    nodes.map((node) => [
      node.name,
      { node, predecessors: new TreeSet(largestFirst), successors: new TreeSet(largestFirst), size: 1 },
    ]),
  );
  // The neighbours are sorted by the sizes known at this moment, so the order of this loop shows in the text.
  for (const name of hashMapOrder([...described.keys()])) {
    const child = described.get(name)!;
    for (const parentName of child.node.parents) {
      const parent = described.get(parentName)!;
      child.predecessors.add(parent);
      parent.successors.add(child);
      grow(parent, child.size);
    }
  }
  return [...described.values()].sort(largestFirst);
}

function grow(node: DescribedNode, by: number): void {
  node.size += by;
  for (const predecessor of node.predecessors.values()) grow(predecessor, by);
}

function largestFirst(a: DescribedNode, b: DescribedNode): number {
  if (a.size !== b.size) return b.size - a.size;
  return a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0;
}

function describeNode({ node, predecessors, successors }: DescribedNode): string {
  const to = `\n      --> ${namesOf(successors)}`;
  const from = `\n      <-- ${namesOf(predecessors)}`;
  switch (node.role) {
    case 'source':
      return `Source: ${node.name} (topics: [${hashSetOrder(node.topics.map(({ name }) => name)).join(', ')}])${to}`;
    case 'processor': {
      const stores = hashSetOrder(node.operator.stores.map(({ name }) => name));
      return `Processor: ${node.name} (stores: [${stores.join(', ')}])${to}${from}`;
    }
    case 'sink':
      return `Sink: ${node.name} (${describeTarget(node)})${from}`;
  }
}

/** The JVM prints an extractor by its own `toString()`; here it is a function, and prints its name. */
function describeTarget({ topic }: SinkNode): string {
  if ('possible' in topic) return `extractor class: ${topic.choose.name || 'anonymous'}`;
  return `topic: ${topic.name}`;
}

function namesOf(nodes: TreeSet<DescribedNode>): string {
  const names = [...nodes.values()].map(({ node }) => node.name);
  return names.length === 0 ? 'none' : names.join(', ');
}
