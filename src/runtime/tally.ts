import type { Outcome } from './unit.js';

/** Records by what became of them. */
export interface Finished {
  readonly delivered: number;
  readonly filtered: number;
  readonly skipped: number;
  readonly deadLettered: number;
}

/** What a task, or all of them, have done. Always: `read` = all of `finished` + `inFlight`. */
export interface Counts {
  /** Records read and not set back by an abort. */
  readonly read: number;
  /** Records whose outcome is committed. */
  readonly finished: Finished;
  /** Records read and not committed: with a model, waiting for an earlier one, or in the open transaction. */
  readonly inFlight: number;
}

type Mutable = { -readonly [K in keyof Finished]: number };

/** Counts the records of a task. A record counts as finished when its outcome is committed. */
export class Tally {
  #read = 0;
  #finished: Mutable = none();
  #sinceCommit: Mutable = none();
  #committing: Mutable = none();
  #readInVain = 0;

  readOne(): void {
    this.#read += 1;
  }

  handedOver(outcome: Outcome): void {
    if (outcome === 'dead-lettered') this.#sinceCommit.deadLettered += 1;
    else this.#sinceCommit[outcome] += 1;
  }

  /** A commit takes what was handed over so far. */
  committing(): void {
    this.#committing = this.#sinceCommit;
    this.#sinceCommit = none();
  }

  committed(): void {
    this.#finished = sum(this.#finished, this.#committing);
    this.#committing = none();
  }

  /** Everything that is not committed will be read again, here or elsewhere. */
  setBack(): void {
    this.#sinceCommit = none();
    this.#committing = none();
    this.#readInVain += this.#read - total(this.#finished);
    this.#read = total(this.#finished);
  }

  /** Records read, those too that were set back and read again: only goes up. */
  get everRead(): number {
    return this.#read + this.#readInVain;
  }

  get counts(): Counts {
    const finished = { ...this.#finished };
    return { read: this.#read, finished, inFlight: this.#read - total(finished) };
  }
}

/** The counts of several tasks together. */
export function sumCounts(all: Iterable<Counts>): Counts {
  let read = 0;
  let inFlight = 0;
  let finished = none();
  for (const counts of all) {
    read += counts.read;
    inFlight += counts.inFlight;
    finished = sum(finished, counts.finished);
  }
  return { read, finished, inFlight };
}

function none(): Mutable {
  return { delivered: 0, filtered: 0, skipped: 0, deadLettered: 0 };
}

function sum(a: Finished, b: Finished): Mutable {
  return {
    delivered: a.delivered + b.delivered,
    filtered: a.filtered + b.filtered,
    skipped: a.skipped + b.skipped,
    deadLettered: a.deadLettered + b.deadLettered,
  };
}

function total(finished: Finished): number {
  return finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
}
