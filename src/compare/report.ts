import type { Distribution } from './difference-distribution.js';
import type { JoinedBy } from './joined-by.js';
import type { Row, SideCounts } from './side.js';

/** A row of both sides whose values differ. */
export interface ChangedRow {
  readonly key: unknown;
  /** By field: what it holds here and there; undefined where the side has no such field. */
  readonly fields: Readonly<Record<string, { readonly here?: unknown; readonly there?: unknown }>>;
  readonly here: Omit<Row, 'key' | 'value'>;
  readonly there: Omit<Row, 'key' | 'value'>;
}

/** What became of one field over the rows that both sides have. */
export interface FieldReport {
  /** Rows in which it differs: by more than the tolerance, or one side has no such field. */
  readonly changed: number;
  /** Of the rows in which it is a number on both sides; undefined where there are none. */
  readonly difference: Distribution | undefined;
}

/** What {@link compare} found. `joined` = `equal` + `changed`. */
export interface CompareReport {
  readonly here: SideCounts;
  readonly there: SideCounts;
  readonly joinedBy: JoinedBy;
  readonly tolerance: number;
  readonly ignored: readonly string[];
  readonly joined: number;
  readonly equal: number;
  readonly changed: number;
  readonly onlyHere: number;
  readonly onlyThere: number;
  /** By field; nested ones by their path. Those that differ most often come first. */
  readonly fields: Readonly<Record<string, FieldReport>>;
  /** The first of each kind that were met. */
  readonly examples: {
    readonly changed: readonly ChangedRow[];
    readonly onlyHere: readonly Row[];
    readonly onlyThere: readonly Row[];
  };
}
