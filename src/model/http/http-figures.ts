import { Histogram } from '../histogram.js';
import type { ModelFigures } from '../model.js';

const REQUEST_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
const RETRY_BOUNDS = [0, 1, 2, 3, 5, 10];

/** Counts the requests to one service. */
export class HttpFigures {
  #requests = 0;
  readonly #statuses: Record<string, number> = {};
  readonly #requestMs = new Histogram(REQUEST_BOUNDS_MS);
  readonly #retries = new Histogram(RETRY_BOUNDS);

  /** @param outcome the status, or `no answer` */
  requested(outcome: number | 'no answer', milliseconds: number): void {
    this.#requests += 1;
    this.#statuses[outcome] = (this.#statuses[outcome] ?? 0) + 1;
    this.#requestMs.add(milliseconds);
  }

  /** A question has its answer, or is given up. */
  settled(retries: number): void {
    this.#retries.add(retries);
  }

  snapshot(circuit: string): ModelFigures {
    return {
      requests: this.#requests,
      /** Requests by status. */
      statuses: { ...this.#statuses },
      /** Milliseconds of a request. */
      requestMs: this.#requestMs.snapshot(),
      /** How often a question was repeated. */
      retries: this.#retries.snapshot(),
      circuit,
    };
  }
}
