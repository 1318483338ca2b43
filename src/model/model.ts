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
   * Answers a batch.
   *
   * @param rows 1 to `maxRows` rows
   * @param signal aborted when nobody waits for the answer any more
   * @returns one prediction for each row, in the order of the rows
   * @throws when the whole batch could not be answered
   */
  predict(rows: readonly Features[], signal: AbortSignal): Promise<readonly Prediction[]>;
  close(): Promise<void>;
}

/** How questions are gathered into batches. One batcher for each model of an application, shared by its tasks. */
export interface BatchingOptions {
  /** Most rows in a call. Default 1,024. */
  readonly maxRows?: number;
  /** Longest wait for more rows, milliseconds; 0 sends at the end of the tick. Default 0. */
  readonly maxWaitMs?: number;
  /** Calls under way at once. Default 2. */
  readonly maxConcurrent?: number;
}

/** Called with the answer to one question, or with the error. Never synchronously from `ask`. */
export type Answered<Prediction> = (error: Error | null, prediction: Prediction | undefined) => void;

/** A model as an operator asks it: one row at a time, gathered behind. */
export interface Oracle<Features = unknown, Prediction = unknown> {
  readonly identity: ModelIdentity;
  /** Asks; `timeoutMs` from now the answer is a timeout error. */
  ask(features: Features, timeoutMs: number, answered: Answered<Prediction>): void;
}
