/** The topics of a capture, made where they are missing. */
import type { Admin, TopicSpec } from '../../brokers/port.js';
import type { CaptureSettings } from './capture-config.js';
import type { Patience } from './patience.js';

export class CaptureTopics {
  readonly #admin: Admin;
  readonly #settings: CaptureSettings;
  readonly #patience: Patience;
  readonly #known = new Set<string>();

  constructor(admin: Admin, settings: CaptureSettings, patience: Patience) {
    this.#admin = admin;
    this.#settings = settings;
    this.#patience = patience;
  }

  /** A topic for changes: as many partitions as `topic.creation.default.partitions` says, if it is not there. */
  async ensure(topic: string): Promise<void> {
    const replication = this.#settings['topic.creation.default.replication.factor'];
    await this.ensureAs({
      topic,
      partitions: this.#settings['topic.creation.default.partitions'],
      ...(replication === undefined ? {} : { replicationFactor: replication }),
      config: { 'cleanup.policy': 'delete' },
    });
  }

  /** One that is there is left as it is. */
  async ensureAs(spec: TopicSpec): Promise<void> {
    if (this.#known.has(spec.topic)) return;
    await this.#patience.until(async () => {
      if ((await this.#admin.partitionCount(spec.topic)) === undefined) await this.#admin.createTopics([spec]);
    });
    this.#known.add(spec.topic);
  }
}
