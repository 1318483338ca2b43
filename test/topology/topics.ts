/** Topics for tests that are about the graph and not about what topics hold. */
import { string } from '../../src/serde/primitives.js';
import { type Topic, topic } from '../../src/topology/topic.js';

const declared = new Map<string, Topic<string, string>>();

/** The declaration of a topic of texts; the same one for the same name. */
export function texts(name: string): Topic<string, string> {
  let texts = declared.get(name);
  if (texts === undefined) {
    texts = topic(name, { key: string(), value: string() });
    declared.set(name, texts);
  }
  return texts;
}
