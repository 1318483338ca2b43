import { type StreamRecord, withValue } from '../record.js';
import { type Named, type Operator, operatorOf } from './operator.js';
import type { Predicted } from './predicted.js';

/** Where a prediction comes from. */
export interface PredictionInfo {
  /** The model's name. */
  readonly model: string;
  /** The version that answered. */
  readonly version: string;
  /** True when the answer came from memory. */
  readonly remembered: boolean;
}

/**
 * Makes one value of a row and its prediction. A tombstone passes, and `combine` is not called for it.
 *
 * @example
 * stream(cars).pipe(
 *   predict(fordPrice, { features }),
 *   enrich((car, price, { version }) => ({ ...car, suggestedprice: price, pricedby: version })),
 * )
 */
export function enrich<Row, P, K, Enriched>(
  combine: (row: Row, prediction: P, info: PredictionInfo) => Enriched,
  named: Named = {},
): Operator<StreamRecord<Predicted<Row, P> | null, K>, StreamRecord<Enriched | null, K>> {
  return operatorOf<StreamRecord<Predicted<Row, P> | null, K>, StreamRecord<Enriched | null, K>>({
    kind: 'MILLRACE-ENRICH-',
    name: named.as,
    bind: (_context, forward) => (record) => {
      const { value } = record;
      if (value === null) {
        forward(record);
        return;
      }
      const { row, prediction, model, remembered } = value;
      const info = { model: model.name, version: model.version, remembered };
      forward(withValue(record, combine(row, prediction, info)));
    },
  });
}
