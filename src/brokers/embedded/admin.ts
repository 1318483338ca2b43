import type { BrokerError } from '../../errors.js';
import type { Admin, TopicSpec } from '../port.js';
import { brokerClosed, clientClosed } from './client-errors.js';
import type { Topics } from './topics.js';

/** Creates, lists and deletes topics of the embedded broker. */
export class EmbeddedAdmin implements Admin {
  readonly #topics: Topics;
  readonly #onClosed: (admin: EmbeddedAdmin) => void;
  #closed: BrokerError | undefined;

  constructor(topics: Topics, onClosed: (admin: EmbeddedAdmin) => void) {
    this.#topics = topics;
    this.#onClosed = onClosed;
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#mustBeOpen();
    await this.#topics.create(specs);
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    await this.#topics.delete(topics);
  }

  async listTopics(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return Array.from(this.#topics.all(), (topic) => topic.entry.name).sort();
  }

  async partitionCount(topic: string): Promise<number | undefined> {
    this.#mustBeOpen();
    return this.#topics.get(topic)?.logs.length;
  }

  async close(): Promise<void> {
    this.#closed ??= clientClosed('admin client');
    this.#onClosed(this);
  }

  /** The broker goes: every call fails from now on. */
  brokerClosed(): void {
    this.#closed ??= brokerClosed();
  }

  #mustBeOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }
}
