/**
 * The model port. A model takes rows and gives as many predictions, in the same order.
 *
 * A topology names a model with {@link model}; the configuration binds an implementation to the name
 * (`'ford-price': onnx(…)`), so the same topology runs with another model, a server or a fake.
 */

/** Which model answered: a memory belongs to one model and version. */
export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
}

/** A model's name in a topology, with the types that it maps between. Opens nothing. */
export interface ModelDeclaration<Features = unknown, Prediction = unknown> {
  readonly name: string;
  /** Carries the types; never set. */
  readonly types?: { readonly features: Features; readonly prediction: Prediction };
}

/**
 * Declares a model.
 *
 * @param name the name that the configuration binds
 * @example
 * export const fordPrice = model<FordFeatures, number>('ford-price');
 */
export function model<Features, Prediction>(name: string): ModelDeclaration<Features, Prediction> {
  return Object.freeze({ name });
}

/** What an implementation gives: rows in, as many predictions out. */
export interface Model<Features = unknown, Prediction = unknown> {
  /** Known once `open` has resolved. */
  readonly identity: ModelIdentity;
  /** Loads or connects. Called once, before the first batch. */
  open(): Promise<void>;
  /**
   * Answers a batch. In the place of a prediction may be an `Error`, the failure of that row alone, or an `AnsweredBy`,
   * a prediction that another model made.
   *
   * @param rows 1 to `maxRows` rows
   * @param signal aborted when nobody waits for the answer any more
   * @returns one prediction for each row, in the order of the rows
   * @throws {ModelAway} when it cannot be asked just now: the rows wait, and are asked again
   * @throws {BatchRefused} when one row of the batch made it fail: it is asked for the halves
   * @throws {ConfigurationError} when it will not answer before a setting is changed: it is asked no more
   * @throws anything else when the whole batch could not be answered: every row of it fails
   */
  predict(rows: readonly Features[], signal: AbortSignal): Promise<readonly Prediction[]>;
  /**
   * Looks whether it is there. Models that have this are asked before a late answer is held against a row.
   *
   * @throws when it is not; {ConfigurationError} as `predict`
   */
  probe?(signal: AbortSignal): Promise<void>;
  /** How it is asked best; what the application is configured with goes first. */
  readonly batching?: BatchingOptions;
  /** Figures of its own, for the application's status: a snapshot. */
  readonly figures?: ModelFigures;
  close(): Promise<void>;
}

/** Counts and the like, by their names; may be nested. */
export type ModelFigures = Readonly<Record<string, number | string | object>>;

/** How questions are gathered into batches. One batcher for each model of an application, shared by its tasks. */
export interface BatchingOptions {
  /** Most rows in a call. Default 1,024. */
  readonly maxRows?: number;
  /** Longest wait for more rows, milliseconds; 0 sends at the end of the tick. Default 0. */
  readonly maxWaitMs?: number;
  /** Calls under way at once. Default 2. */
  readonly maxConcurrent?: number;
}

/**
 * Called with the answer to one question, or with the error. Never synchronously from `ask`.
 *
 * @param identity who answered, when it was another model than the one that was asked
 */
export type Answered<Prediction> = (
  error: Error | null,
  prediction: Prediction | undefined,
  identity?: ModelIdentity,
) => void;

/** A model as an operator asks it: one row at a time, gathered behind. */
export interface Oracle<Features = unknown, Prediction = unknown> {
  readonly identity: ModelIdentity;
  /**
   * Asks. The answer is a timeout error when the model, being there, has not given one `timeoutMs` after the call with
   * the question in it began; waiting for the call does not count.
   */
  ask(features: Features, timeoutMs: number, answered: Answered<Prediction>): void;
}
