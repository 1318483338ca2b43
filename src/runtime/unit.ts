import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { ErrorHandler } from '../error-handler.js';
import type { RecordError } from '../errors.js';
import type { StoreChange } from '../state/store.js';

/** Where a unit's result goes when the unit is finished. */
export interface Output {
  /** Set later where it could not be written at once. */
  request: ProduceRequest;
  /** The asynchronous operator behind which it was made (its place in the topology; 0: none). */
  readonly lane: number;
}

/** A state change and the changelog record that stands for it. */
export interface UnitChange {
  readonly store: string;
  readonly change: StoreChange;
}

/** Why a unit leaves nothing. */
export interface Failure {
  readonly error: RecordError;
  readonly lane: number;
  /** Overrides the application's handler for the phase. */
  readonly onError: ErrorHandler | undefined;
}

/** What became of a unit. */
export type Outcome = 'delivered' | 'filtered' | 'skipped' | 'dead-lettered';

/** What a node has taken and kept of a unit. */
interface AtNode {
  readonly lane: number;
  /** Tickets taken in this run. */
  taken: number;
  /** For a second run, by the order in which the node took its tickets. */
  kept: unknown[];
  readonly next: AtNode | undefined;
}

/**
 * One record on its way through a task, or one punctuation: everything it emits is gathered here, until it and all
 * before it are finished.
 */
export class Unit {
  readonly sequence: number;
  /** The record as it was read; undefined for a punctuation. */
  readonly raw: ConsumedRecord | undefined;
  /** The record that it stands for: the same, unless it is redriven. */
  origin: ConsumedRecord | undefined;
  /** Does the work, from the start. Called again when the record is run again. */
  readonly work: () => void;
  /** The largest timestamp up to the unit's place, the same in every run and however late its results come. */
  streamTime: number;
  readonly #streamTimeBefore: number;
  /** Bytes that the unit holds: what was read and what is to be written. */
  bytes: number;
  /** Counts the runs: tickets of an earlier run are stale. */
  run = 0;
  /** Tickets that are out, and one while the record is being worked on. */
  outstanding = 0;
  outputs: Output[] = [];
  changes: UnitChange[] = [];
  failure: Failure | undefined;
  outcome: Outcome | undefined;
  /** True once the record has come to an end of the topology that is not a sink (`foreach`). */
  consumed = false;
  /** The first record that has read what this one wrote, while this one was not finished. */
  readBy: number | undefined;
  /** Of the nodes that have taken a ticket; mostly one, and a list has no room for those that have not. */
  #atNodes: AtNode | undefined;
  whenFinished: (() => void)[] | undefined;

  /** @param streamTime the largest timestamp before it */
  constructor(sequence: number, raw: ConsumedRecord | undefined, bytes: number, streamTime: number, work: () => void) {
    this.sequence = sequence;
    this.streamTime = streamTime;
    this.#streamTimeBefore = streamTime;
    this.raw = raw;
    this.origin = raw;
    this.bytes = bytes;
    this.work = work;
  }

  /** Forgets what the run has made, but not what was kept for the next one. */
  startAgain(): void {
    this.run += 1;
    this.outstanding = 0;
    this.outputs = [];
    this.changes = [];
    this.failure = undefined;
    this.consumed = false;
    this.readBy = undefined;
    this.whenFinished = undefined;
    this.streamTime = this.#streamTimeBefore;
    for (let at = this.#atNodes; at !== undefined; at = at.next) at.taken = 0;
  }

  emitted(output: Output): void {
    // Most records emit one, and an array that is made with it has room for no more.
    if (this.outputs.length === 0) this.outputs = [output];
    else this.outputs.push(output);
  }

  changed(change: UnitChange): void {
    // As above: most records change a store or two. Spreading makes room for sixteen more, as pushing does.
    const { changes } = this;
    if (changes.length === 0) this.changes = [change];
    else if (changes.length === 1) this.changes = [changes[0]!, change];
    else changes.push(change);
  }

  /** The place of the next ticket among those that a node takes for the unit. */
  takeTicket(lane: number): number {
    let at = this.#atNode(lane);
    if (at === undefined) {
      at = { lane, taken: 0, kept: [], next: this.#atNodes };
      this.#atNodes = at;
    }
    at.taken += 1;
    return at.taken - 1;
  }

  /** What a node has kept on a ticket, in this run or in one before. */
  keptAt(lane: number, place: number): unknown {
    return this.#atNode(lane)?.kept[place];
  }

  /** Keeps something on a ticket that was taken, for when the record is run again; not once that cannot be any more. */
  keep(lane: number, place: number, value: unknown): void {
    const at = this.#atNode(lane);
    if (at === undefined) return;
    // As with outputs: most nodes keep one thing.
    if (at.kept.length === 0 && place === 0) at.kept = [value];
    else at.kept[place] = value;
  }

  /** Nothing is kept any more: the record will not be run again. */
  forget(): void {
    this.#atNodes = undefined;
  }

  #atNode(lane: number): AtNode | undefined {
    let at = this.#atNodes;
    while (at !== undefined && at.lane !== lane) at = at.next;
    return at;
  }

  /** Notes a failure. With several, the one nearest to the source counts, whichever came first in time. */
  fail(failure: Failure): void {
    if (this.failure === undefined || failure.lane < this.failure.lane) this.failure = failure;
  }

  /** Outputs in an order that does not depend on which asynchronous operator was faster. */
  orderedOutputs(): readonly Output[] {
    const { outputs } = this;
    if (outputs.length < 2) return outputs;
    const lane = outputs[0]!.lane;
    if (outputs.every((output) => output.lane === lane)) return outputs;
    return [...outputs].sort((a, b) => a.lane - b.lane);
  }
}
