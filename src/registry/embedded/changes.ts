/**
 * Changes of the registry: one after the other, each decided on what the one before has left, and each in the journal
 * before it is answered.
 */
import type { Journal } from './journal.js';
import type { RegistryEvent, Subjects } from './subjects.js';

export class Changes {
  readonly #subjects: Subjects;
  readonly #journal: Journal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(subjects: Subjects, journal: Journal) {
    this.#subjects = subjects;
    this.#journal = journal;
  }

  /** Decides on a change and makes it, when those before are made. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#last.then(change);
    // The next change does not care how this one ended; whoever asked for it is told.
    this.#last = changed.catch(() => {});
    return changed;
  }

  /** @throws (rejects) what stands in the way of the journal; the change is not made then */
  async make(event: RegistryEvent): Promise<void> {
    await this.#journal.append(event);
    this.#subjects.apply(event);
  }
}
