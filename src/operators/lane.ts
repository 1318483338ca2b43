/**
 * The lane of an asynchronous operator: results come when they come, and leave in the order of their records.
 *
 * L1. Whatever enters the lane leaves it in the order of entering, one entry at a time.
 * L2. A result is delivered with its record as the one being worked on, and its ticket is given back after.
 * L3. Entries whose record is run again, or whose partition is gone, leave silently; a result for one is dropped.
 */
import type { ErrorHandler } from '../error-handler.js';
import type { OperatorContext, Ticket } from './operator.js';

/** A record's place in the lane. It is settled once, by `deliver` or `fail`. */
export class LaneEntry {
  readonly ticket: Ticket;
  readonly #lane: Lane;
  #outcome: 'open' | 'result' | 'error' = 'open';
  #deliver: (() => void) | undefined;
  #error: Error | undefined;
  #onError: ErrorHandler | undefined;
  /** @internal */
  next: LaneEntry | undefined;

  constructor(lane: Lane, ticket: Ticket) {
    this.#lane = lane;
    this.ticket = ticket;
  }

  /** The result is there: `deliver` forwards it when its turn comes. */
  deliver(deliver: () => void): void {
    this.#outcome = 'result';
    this.#deliver = deliver;
    this.#lane.drain();
  }

  /** There will be no result: the record fails when its turn comes. */
  fail(error: Error, onError?: ErrorHandler): void {
    this.#outcome = 'error';
    this.#error = error;
    this.#onError = onError;
    this.#lane.drain();
  }

  /** @internal */
  get settled(): boolean {
    return this.#outcome !== 'open';
  }

  /** @internal Its turn has come. */
  leave(context: OperatorContext): void {
    if (this.#outcome === 'result') context.resume(this.ticket, this.#deliver!);
    else context.fail(this.ticket, this.#error!, this.#onError);
  }
}

export class Lane {
  readonly context: OperatorContext;
  #first: LaneEntry | undefined;
  #last: LaneEntry | undefined;
  #draining = false;

  constructor(context: OperatorContext) {
    this.context = context;
  }

  /** The record being worked on takes the last place. */
  enter(): LaneEntry {
    const entry = new LaneEntry(this, this.context.hold());
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    return entry;
  }

  /**
   * Forwards the record being worked on in its turn: at once when nobody is before it, but through the lane even then.
   * What it emits, or fails of, then counts as behind this node, as it would had it waited: whether others were on
   * their way decides neither the order of a record's outputs nor which ticket an answer is kept on.
   */
  pass(forward: () => void): void {
    this.enter().deliver(forward);
  }

  /** @internal Lets go of those whose turn it is. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      this.#dropStale();
      for (let entry = this.#first; entry?.settled === true; entry = this.#first) {
        this.#shift();
        entry.leave(this.context);
        this.#dropStale();
      }
    } finally {
      this.#draining = false;
    }
  }

  #dropStale(): void {
    while (this.#first?.ticket.stale === true) this.#shift();
  }

  #shift(): void {
    const first = this.#first!;
    this.#first = first.next;
    // An entry that has grown old would otherwise keep all that came after it from being collected while young.
    first.next = undefined;
    if (this.#first === undefined) this.#last = undefined;
  }
}
