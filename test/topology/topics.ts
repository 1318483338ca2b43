/** Topics for tests that are about the graph and not about what topics hold. */
import type { TopicDeclaration } from '../../src/topology/topic.js';

const declared = new Map<string, TopicDeclaration<string, string>>();

/** The declaration of a topic of texts; the same one for the same name. */
export function texts(name: string): TopicDeclaration<string, string> {
  let topic = declared.get(name);
  if (topic === undefined) {
    topic = { name } as TopicDeclaration<string, string>;
    declared.set(name, topic);
  }
  return topic;
}
