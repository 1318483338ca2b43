import { Histogram, type HistogramCounts } from './histogram.js';

/** Rows. */
const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];
const LATENCY_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** What a batcher has done so far. */
export interface BatcherStats {
  /** Calls that were started, and the rows in them. */
  readonly calls: number;
  readonly rows: number;
  /** Calls that failed or answered another number of rows. */
  readonly failedCalls: number;
  /** Questions that got no answer in time. */
  readonly timeouts: number;
  /** Questions that are in no call yet. */
  readonly waiting: number;
  readonly callsUnderWay: number;
  /** Rows in a call. */
  readonly batchSizes: HistogramCounts;
  /** Milliseconds from the start of a call until it ended or nobody waited for it any more. */
  readonly latencyMs: HistogramCounts;
}

/** Keeps the counts of a batcher. */
export class BatcherCounts {
  #calls = 0;
  #rows = 0;
  #failedCalls = 0;
  #timeouts = 0;
  readonly #batchSizes = new Histogram(BATCH_SIZE_BOUNDS);
  readonly #latencyMs = new Histogram(LATENCY_BOUNDS_MS);

  started(rows: number): void {
    this.#calls += 1;
    this.#rows += rows;
    this.#batchSizes.add(rows);
  }

  ended(latencyMs: number): void {
    this.#latencyMs.add(latencyMs);
  }

  failed(): void {
    this.#failedCalls += 1;
  }

  timedOut(questions: number): void {
    this.#timeouts += questions;
  }

  snapshot(waiting: number, callsUnderWay: number): BatcherStats {
    return {
      calls: this.#calls,
      rows: this.#rows,
      failedCalls: this.#failedCalls,
      timeouts: this.#timeouts,
      waiting,
      callsUnderWay,
      batchSizes: this.#batchSizes.snapshot(),
      latencyMs: this.#latencyMs.snapshot(),
    };
  }
}
