import { redriveTopicsOf } from '../runtime/redrive.js';
import type { Topology } from '../topology/graph.js';

/** Where reading begins on topics that say so themselves, and have no committed offset. */
export function offsetResets(topology: Topology): ReadonlyMap<string, 'earliest' | 'latest' | 'none'> {
  const resets = new Map<string, 'earliest' | 'latest' | 'none'>();
  // What is redriven while nobody runs is not to be missed.
  for (const topic of redriveTopicsOf(topology).keys()) resets.set(topic, 'earliest');
  for (const { nodes } of topology.subtopologies) {
    for (const node of nodes) {
      if (node.role !== 'source' || node.offsetReset === undefined) continue;
      for (const topic of node.topics) resets.set(topic.name, node.offsetReset);
    }
  }
  return resets;
}
