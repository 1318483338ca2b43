import type { ModelIdentity } from '../model/model.js';

/** A row with what a model said of it: what `predict` gives and `enrich` takes. */
export interface Predicted<Row, Prediction> {
  readonly row: Row;
  readonly prediction: Prediction;
  /** Who answered. */
  readonly model: ModelIdentity;
  /** True when the answer came from memory. */
  readonly remembered: boolean;
}
