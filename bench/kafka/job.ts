/** What every contender does, and what it is told: the same for all, whatever language it is in. */

/** How changes and rows are written. */
export const ENCODINGS = ['json', 'connect-json', 'avro'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export const GUARANTEES = ['at_least_once', 'exactly_once_v2'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

/**
 * Reads Debezium's changes from `input`, drops deletes and changes of other tables, takes the row, adds a field
 * `suggestedprice` of `mileage / 4 + year`, writes the row to `output` under the key that the change had, and commits
 * for `group` every `commitMs`. A quarter is exact in binary, so that sums do not depend on the order of adding.
 */
export interface Job {
  readonly bootstrapServers: string;
  readonly group: string;
  readonly input: string;
  readonly output: string;
  readonly encoding: Encoding;
  readonly guarantee: Guarantee;
  /** Milliseconds between two commits. */
  readonly commitMs: number;
  /** A schema registry that answers Confluent's calls. */
  readonly registry: string;
  /** A folder of this job alone, removed after it. */
  readonly directory: string;
}

/** The partitions of every topic. */
export const PARTITIONS = 4;
