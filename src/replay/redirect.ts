/** A live topology as a replay runs it: on outputs of its own, over some of its records, from set offsets. */
import { renamedTopics } from '../app/renamed-topics.js';
import { ConfigurationError } from '../errors.js';
import { filter } from '../operators/filter.js';
import { NODES } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import { describe } from '../topology/describe.js';
import type { GraphNode, ProcessorNode, SourceNode, Subtopology, Topology } from '../topology/graph.js';

/** Which records are replayed. Sees keys and values decoded; a tombstone's value is null. */
export type ReplayFilter = (value: unknown, record: StreamRecord) => boolean;

/** Topics that the topology reads from outside. @throws ConfigurationError when it reads what it writes */
export function inputsOf(topology: Topology): readonly string[] {
  const inputs = topology.subtopologies.flatMap(({ sourceTopics }) => sourceTopics);
  const outputs = outputsOf(topology);
  const both = inputs.find((topic) => outputs.includes(topic));
  if (both === undefined) return inputs;
  throw new ConfigurationError(
    `the topology '${topology.name}' reads '${both}', which it writes itself: where that ends is known only when the ` +
      'rest has been replayed. Make a topology of the part before it and one of the part behind it, and replay one after the other',
    both,
  );
}

/** Topics that the topology may write to. */
export function outputsOf(topology: Topology): readonly string[] {
  const names = topology.subtopologies
    .flatMap(({ nodes }) => nodes)
    .flatMap((node) => (node.role !== 'sink' ? [] : 'choose' in node.topic ? node.topic.possible : [node.topic]))
    .map(({ name }) => name);
  return [...new Set(names)];
}

/**
 * @param names topics to write to, by those that the live topology writes to
 * @param keep records that it says no to are left out before anything sees them
 */
export function redirected(
  topology: Topology,
  names: Readonly<Record<string, string>>,
  keep: ReplayFilter | undefined,
): Topology {
  const renamed = renamedTopics(topology, names);
  const subtopologies = renamed.subtopologies.map((subtopology): Subtopology => {
    const started = subtopology.nodes.map((node) => (node.role === 'source' ? fromSetOffsets(node) : node));
    return { ...subtopology, nodes: keep === undefined ? started : started.flatMap(filteredBehind(started, keep)) };
  });
  return Object.freeze({ ...renamed, subtopologies, describe: () => describe(subtopologies) });
}

/** The start is committed before the first read: an offset that is not there any more is an error, not another start. */
function fromSetOffsets(node: SourceNode): SourceNode {
  return { ...node, offsetReset: 'none' };
}

function filteredBehind(nodes: readonly GraphNode[], keep: ReplayFilter): (node: GraphNode) => readonly GraphNode[] {
  const filterOf = (source: string) => `${source}-REPLAYED`;
  const sources = new Set(nodes.filter(({ role }) => role === 'source').map(({ name }) => name));
  return (node) => {
    if (node.role !== 'source') {
      return [{ ...node, parents: node.parents.map((parent) => (sources.has(parent) ? filterOf(parent) : parent)) }];
    }
    const name = filterOf(node.name);
    const [operator] = filter(keep, { as: name })[NODES];
    const kept: ProcessorNode = {
      role: 'processor',
      name,
      parents: [node.name],
      children: node.children,
      operator: operator!,
    };
    return [{ ...node, children: [name] }, kept];
  };
}
