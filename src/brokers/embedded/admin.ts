import type { BrokerError } from '../../errors.js';
import type { Admin, TopicSpec } from '../port.js';
import { brokerClosed, clientClosed } from './client-errors.js';
import type { Groups } from './groups.js';
import type { OffsetStore } from './offset-store.js';
import { unknownTopic } from './partition-log.js';
import type { Topics } from './topics.js';

/** What an admin client works on. */
export interface AdminSurroundings {
  readonly topics: Topics;
  readonly groups: Groups;
  readonly offsets: OffsetStore;
  /** Called when the client is closed. */
  onClosed(admin: EmbeddedAdmin): void;
}

/** Looks after the topics and groups of the embedded broker. */
export class EmbeddedAdmin implements Admin {
  readonly #around: AdminSurroundings;
  #closed: BrokerError | undefined;

  constructor(around: AdminSurroundings) {
    this.#around = around;
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#mustBeOpen();
    await this.#around.topics.create(specs);
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    await this.#around.topics.delete(topics);
  }

  async listTopics(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return Array.from(this.#around.topics.all(), (topic) => topic.entry.name).sort();
  }

  async partitionCount(topic: string): Promise<number | undefined> {
    this.#mustBeOpen();
    return this.#around.topics.get(topic)?.logs.length;
  }

  async topicConfig(topic: string): Promise<Readonly<Record<string, string>>> {
    this.#mustBeOpen();
    const found = this.#around.topics.get(topic);
    if (found === undefined) throw unknownTopic(topic);
    return { ...found.entry.config };
  }

  async deleteGroup(groupId: string): Promise<void> {
    this.#mustBeOpen();
    this.#around.groups.get(groupId).authorize(undefined, []);
    await this.#around.offsets.forgetGroup(groupId);
  }

  async close(): Promise<void> {
    this.#closed ??= clientClosed('admin client');
    this.#around.onClosed(this);
  }

  /** The broker goes: every call fails from now on. */
  brokerClosed(): void {
    this.#closed ??= brokerClosed();
  }

  #mustBeOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }
}
