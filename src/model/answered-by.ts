import type { ModelIdentity } from './model.js';

/**
 * A prediction that another model made than the one that was asked. In the place of a prediction it tells who answered,
 * as an `Error` there tells that the row alone failed.
 */
export class AnsweredBy<P> {
  constructor(
    readonly identity: ModelIdentity,
    readonly prediction: P,
  ) {}
}
