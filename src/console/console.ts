/**
 * What a running application says on its standard output. Two speak it: {@link humanConsole} to a person,
 * {@link jsonConsole} to a program.
 */

/** Where everything is, once the application runs. */
export interface Ready {
  /** The connection of the database, as psql takes it. */
  readonly postgres: string;
  /** The folder that holds everything the application keeps. */
  readonly home: string;
  readonly registry?: string;
}

/** A row that has its price, or was deleted. */
export interface Priced {
  readonly key: unknown;
  /** The row with its price; null after a delete. */
  readonly value: unknown;
  /** Milliseconds from the change in the database to the price in the table; undefined where that is not known. */
  readonly latencyMs: number | undefined;
}

/** What became of records that are finished. */
export interface Finished {
  readonly delivered: number;
  readonly filtered: number;
  readonly skipped: number;
  readonly deadLettered: number;
}

/** A model that cannot be asked: what it would be asked waits. */
export interface ModelAway {
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Records whose questions wait for it. */
  readonly waiting: number;
  /** What was last seen of it. */
  readonly because: string;
}

/** Taken at one moment, so that `read` is all of `finished` and `inFlight`: every record is accounted for. */
export interface Status {
  readonly read: number;
  readonly inFlight: number;
  readonly finished: Finished;
  /** Records that wait to be read; undefined while that is not known. */
  readonly lag: number | undefined;
  readonly modelCalls: number;
  /** Calls that a remembered prediction made unnecessary. */
  readonly modelCallsSaved: number;
  /** Models that cannot be asked just now. */
  readonly modelsAway: readonly ModelAway[];
  /** Records finished in the last second. */
  readonly rate: number;
  /** What the database keeps of its log for us; undefined where it is not ours. */
  readonly walKeptBytes: number | undefined;
  /** `RUNNING`, `REBALANCING` … */
  readonly state: string;
}

export type MessageLevel = 'info' | 'warn' | 'error';

export interface Console {
  ready(ready: Ready): void;
  priced(priced: Priced): void;
  status(status: Status): void;
  /** @param about what it is about, for a program: task, topic, partition, offset */
  message(level: MessageLevel, text: string, about?: object): void;
  /** Says what is held back and leaves the terminal as it was. Does not close the stream. */
  close(): void;
}

/**
 * Records that were read and are neither finished nor in flight. Always 0, unless a counter is wrong: then it is shown
 * and not hidden.
 */
export function unaccounted({ read, inFlight, finished }: Pick<Status, 'read' | 'inFlight' | 'finished'>): number {
  return read - inFlight - totalOf(finished);
}

export function totalOf(finished: Finished): number {
  return finished.delivered + finished.filtered + finished.skipped + finished.deadLettered;
}
