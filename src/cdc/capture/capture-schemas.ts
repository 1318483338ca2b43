/** The schemas of a capture, registered before the first record is written with them, where the encoding has a registry. */
import type { ConnectSchema } from '../../record.js';
import type { CaptureSerdes } from './change-records.js';
import type { Patience } from './patience.js';

export class CaptureSchemas {
  readonly #serdes: CaptureSerdes;
  readonly #patience: Patience;

  constructor(serdes: CaptureSerdes, patience: Patience) {
    this.#serdes = serdes;
    this.#patience = patience;
  }

  /**
   * Waits for a registry that is away. What it refuses is told when a record is written.
   *
   * @param key undefined where the records have no keys
   */
  async register(topic: string, key: ConnectSchema | undefined, value: ConnectSchema): Promise<void> {
    const { key: keys, value: values } = this.#serdes;
    await this.#patience.until(async () => {
      if (key !== undefined) await keys.prepareToWrite?.(topic, key);
      await values.prepareToWrite?.(topic, value);
    });
  }
}
