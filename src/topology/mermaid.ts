/**
 * A topology as a flowchart of Mermaid, which GitHub and many editors draw: topics as stadiums, stores as cylinders, a
 * frame around each sub-topology.
 *
 * Source: https://mermaid.js.org/syntax/flowchart.html
 */
import type { GraphNode, Subtopology } from './graph.js';
import { topicsOf } from './node-topics.js';

export function mermaid(subtopologies: readonly Subtopology[]): string {
  const all = subtopologies.flatMap((subtopology) => subtopology.nodes);
  const nodes = idsOf(
    'node',
    all.map(({ name }) => name),
  );
  const topics = idsOf('topic', all.flatMap(topicNames));
  const stores = idsOf('store', all.flatMap(storesOf));
  const frame = ({ id, nodes: inside, stores: kept }: Subtopology): readonly string[] => [
    `subgraph sub${id}["Sub-topology: ${id}"]`,
    ...inside.map(({ name }) => `  ${nodes.get(name)}["${name}"]`),
    ...kept.map(({ name }) => `  ${stores.get(name)}[("${name}")]`),
    ...inside.flatMap(({ name, children }) => children.map((child) => `  ${nodes.get(name)} --> ${nodes.get(child)}`)),
    ...inside.flatMap((node) => storesOf(node).map((store) => `  ${nodes.get(node.name)} -.- ${stores.get(store)}`)),
    'end',
  ];
  const acrossFrame = (node: GraphNode): readonly string[] => {
    const id = nodes.get(node.name);
    const outside = topicNames(node).map((topic) => topics.get(topic));
    return outside.map((topic) => (node.role === 'source' ? `${topic} --> ${id}` : `${id} --> ${topic}`));
  };
  const lines = [
    ...[...topics].map(([name, id]) => `${id}(["${name}"])`),
    ...subtopologies.flatMap((subtopology) => [...frame(subtopology), ...subtopology.nodes.flatMap(acrossFrame)]),
  ];
  return `flowchart TB\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** A name may be a word that Mermaid takes for its own, as `end`. */
function idsOf(kind: string, names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(names)].map((name, index) => [name, `${kind}${index}`]));
}

function topicNames(node: GraphNode): readonly string[] {
  return topicsOf(node).map(({ name }) => name);
}

function storesOf(node: GraphNode): readonly string[] {
  return node.role === 'processor' ? node.operator.stores.map(({ name }) => name) : [];
}
