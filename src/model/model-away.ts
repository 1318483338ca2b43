/**
 * The model cannot be asked just now: nobody listens, it is overloaded, its circuit is open. Thrown by `predict` or
 * `probe` of a model, it is no answer to any row: the rows wait, and are asked again when the model is back.
 */
export class ModelAway extends Error {
  override readonly name = 'ModelAway';
  /**
   * @param message what was seen of it, e.g. `http://127.0.0.1:3000/predict answered 503 Service Unavailable`
   * @param retryAfterMs milliseconds for which it asked to be left alone
   */
  constructor(
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
