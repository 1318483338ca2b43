import type { Topology } from '../topology/graph.js';

/**
 * The input topics that a task reads together: one set for each subtopology that has several. Redrive topics are in none,
 * since they follow their source without being subscribed to.
 */
export function copartitionedTopics(topology: Topology): readonly (readonly string[])[] {
  return topology.subtopologies
    .map(({ sourceTopics, redriveTopics }) => sourceTopics.filter((topic) => redriveTopics?.has(topic) !== true))
    .filter((topics) => topics.length > 1);
}
