/** One row on its way, in milliseconds of this process's `performance.now()`. */
export interface TimedRow {
  readonly id: number;
  readonly sent: number;
  /** The database has said that it is committed. */
  readonly committed: number;
  /** Its price has come. */
  readonly visible: number;
}

/** A part of the way: where it begins and ends for a row. */
export interface Stage {
  readonly name: string;
  from(row: TimedRow): number;
  to(row: TimedRow): number;
}

/** Everything between the two tables, running. */
export interface Path {
  readonly name: string;
  /** The connection string. Both tables are there, and one row has been priced. */
  readonly database: string;
  /** Where the time went, as far as it can be seen from outside. */
  stages(): readonly Stage[];
  stop(): Promise<void>;
}
