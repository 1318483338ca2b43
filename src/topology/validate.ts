/**
 * What must hold of a whole graph. (What a single call can get wrong is refused by the call.)
 *
 * V1. Every stream ends in a sink or a foreach.
 * V2. A store belongs to one node.
 * V3. All paths to a store, or to an asynchronous operator, pass the same asynchronous operators in the same order.
 *     Otherwise a later record could get there before an earlier one that is still held, and the earlier one would
 *     read what the later one wrote.
 * V4. No operator that changes keys is before a store: records of one key may come from several partitions then.
 */
import { TopologyError } from '../errors.js';
import { FOREACH_KIND } from '../operators/foreach.js';
import type { GraphNode } from './graph.js';

/**
 * @param topology the topology's name
 * @param nodes parents before children
 * @throws TopologyError naming the node that is wrong
 */
export function validate(topology: string, nodes: readonly GraphNode[]): void {
  if (nodes.length === 0) {
    throw new TopologyError(`the topology '${topology}' is empty: read a topic with stream()`, topology);
  }
  for (const node of nodes) checkEnds(node);
  checkStoresHaveOneNode(nodes);
  checkOrder(nodes);
  checkKeys(nodes);
}

function checkEnds(node: GraphNode): void {
  if (node.children.length > 0 || node.role === 'sink') return;
  if (node.role === 'processor' && node.operator.kind === FOREACH_KIND) return;
  throw new TopologyError(
    `the stream after '${node.name}' goes nowhere: end it with .to(topic), or with foreach`,
    node.name,
  );
}

function checkStoresHaveOneNode(nodes: readonly GraphNode[]): void {
  const users = new Map<string, string>();
  for (const node of nodes) {
    for (const store of storesOf(node)) {
      const user = users.get(store);
      if (user !== undefined) {
        throw new TopologyError(
          `the store '${store}' is used twice, by '${user}' and '${node.name}': declare one for each`,
          node.name,
        );
      }
      users.set(store, node.name);
    }
  }
}

function checkOrder(nodes: readonly GraphNode[]): void {
  const pathsTo = new Map<string, ReadonlyMap<string, readonly string[]>>();
  for (const node of nodes) {
    const paths = new Map<string, readonly string[]>();
    if (node.parents.length === 0) paths.set('', []);
    for (const parent of node.parents) for (const [text, path] of pathsTo.get(parent)!) paths.set(text, path);
    const asynchronous = node.role === 'processor' && node.operator.timing === 'asynchronous';
    if (paths.size > 1 && (asynchronous || storesOf(node).length > 0)) {
      throw unequalPaths(node, asynchronous, [...paths.values()]);
    }
    pathsTo.set(node.name, asynchronous ? lengthened(paths, node.name) : paths);
  }
}

function lengthened(
  paths: ReadonlyMap<string, readonly string[]>,
  node: string,
): ReadonlyMap<string, readonly string[]> {
  // Names contain no '/', so a path's text is its own.
  return new Map([...paths].map(([text, path]) => [`${text}/${node}`, [...path, node]]));
}

function unequalPaths(node: GraphNode, asynchronous: boolean, paths: readonly (readonly string[])[]): TopologyError {
  const what = asynchronous
    ? `the asynchronous operator '${node.name}'`
    : `the store '${storesOf(node)[0]}' of '${node.name}'`;
  const between = new Set(paths.flat().filter((name) => !paths.every((path) => path.includes(name))));
  const [first] = between.size > 0 ? between : paths.flat();
  const ways = paths.map((path) => (path.length === 0 ? 'directly' : `through ${path.join(', ')}`)).join('; ');
  return new TopologyError(
    `${what} is reached from both sides of an asynchronous operator, '${first}' (paths: ${ways}): it would see records ` +
      'out of order. Merge before the asynchronous operator, or write to a topic and read it again',
    node.name,
  );
}

function checkKeys(nodes: readonly GraphNode[]): void {
  const changedBy = new Map<string, string>();
  for (const node of nodes) {
    const changer = node.parents.map((parent) => changedBy.get(parent)).find((name) => name !== undefined);
    if (changer !== undefined && storesOf(node).length > 0) {
      throw new TopologyError(
        `'${node.name}' keeps the store '${storesOf(node)[0]}' by key, and '${changer}' before it changes keys: it ` +
          'needs repartition, which is not there yet; key the source topic, or write to a topic and read it again',
        node.name,
      );
    }
    const changes = node.role === 'processor' && node.operator.keys === 'changed' ? node.name : changer;
    if (changes !== undefined) changedBy.set(node.name, changes);
  }
}

function storesOf(node: GraphNode): readonly string[] {
  return node.role === 'processor' ? node.operator.stores.map((store) => store.name) : [];
}
