import type { Registry } from 'prom-client';
import type { ApplicationListener } from '../app/application.js';
import { partitionName } from '../brokers/partition-name.js';
import { counterOf, gaugeOf } from './snapshots.js';

interface Restore {
  readonly labels: { readonly store: string; readonly partition: number };
  readonly end: number;
  position: number;
}

/** How far the stores that are being rebuilt from their changelogs have come. */
export class RestoreProgress {
  readonly #underWay = new Map<string, Restore>();
  #records = 0;

  readonly listener: ApplicationListener = {
    onRestoreStart: (store, changelog, start, end) => {
      const labels = { store, partition: changelog.partition };
      this.#underWay.set(partitionName(changelog), { labels, position: start, end });
    },
    onBatchRestored: (_store, changelog, position) => {
      const restore = this.#underWay.get(partitionName(changelog));
      if (restore !== undefined) restore.position = position;
    },
    onRestoreEnd: (_store, changelog, records) => {
      this.#underWay.delete(partitionName(changelog));
      this.#records += records;
    },
  };

  register(registry: Registry): void {
    gaugeOf(
      registry,
      {
        name: 'millrace_restore_remaining_records',
        help: 'Offsets of a changelog still to be read before its task runs; no value: nothing is being restored.',
        labels: ['store', 'partition'],
      },
      () => [...this.#underWay.values()].map(({ labels, position, end }) => [labels, end - position]),
    );
    counterOf(
      registry,
      { name: 'millrace_restored_records_total', help: 'Changelog records read by restores that have ended.' },
      () => [[{}, this.#records]],
    );
  }
}
