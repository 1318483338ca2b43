import type { Availability } from './availability.js';
import { Histogram, type HistogramCounts } from './histogram.js';
import type { ModelFigures } from './model.js';

/** Rows. */
const BATCH_SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];
const QUEUE_LENGTH_BOUNDS = [0, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384];
const LATENCY_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** What a batcher has done so far. */
export interface BatcherStats {
  /** Calls that were started, and the rows in them. */
  readonly calls: number;
  readonly rows: number;
  /** Calls that failed or answered another number of rows. */
  readonly failedCalls: number;
  /** Calls that were refused as a whole and asked again by halves. */
  readonly halvedCalls: number;
  /** Questions that got no answer in time. */
  readonly timeouts: number;
  /** Questions that are in no call yet. */
  readonly waiting: number;
  readonly callsUnderWay: number;
  /** Rows in a call. */
  readonly batchSizes: HistogramCounts;
  /** Questions left waiting behind each call that started. */
  readonly queueLengths: HistogramCounts;
  /** Milliseconds from the start of a call until it ended or nobody waited for it any more. */
  readonly latencyMs: HistogramCounts;
  readonly availability: Availability;
  /** How often the model went away, and milliseconds that it was away until it was back. */
  readonly outages: number;
  readonly outageMs: number;
  /** The model's own figures, where it has some. */
  readonly model?: ModelFigures;
}

/** Keeps the counts of a batcher. */
export class BatcherCounts {
  #calls = 0;
  #rows = 0;
  #failedCalls = 0;
  #halvedCalls = 0;
  #timeouts = 0;
  #outages = 0;
  #outageMs = 0;
  readonly #batchSizes = new Histogram(BATCH_SIZE_BOUNDS);
  readonly #queueLengths = new Histogram(QUEUE_LENGTH_BOUNDS);
  readonly #latencyMs = new Histogram(LATENCY_BOUNDS_MS);

  started(rows: number, waiting: number): void {
    this.#calls += 1;
    this.#rows += rows;
    this.#batchSizes.add(rows);
    this.#queueLengths.add(waiting);
  }

  ended(latencyMs: number): void {
    this.#latencyMs.add(latencyMs);
  }

  failed(): void {
    this.#failedCalls += 1;
  }

  halved(): void {
    this.#halvedCalls += 1;
  }

  timedOut(questions: number): void {
    this.#timeouts += questions;
  }

  wentAway(): void {
    this.#outages += 1;
  }

  cameBack(afterMs: number): void {
    this.#outageMs += afterMs;
  }

  snapshot(
    now: Pick<BatcherStats, 'waiting' | 'callsUnderWay' | 'availability'>,
    model: ModelFigures | undefined,
  ): BatcherStats {
    return {
      calls: this.#calls,
      rows: this.#rows,
      failedCalls: this.#failedCalls,
      halvedCalls: this.#halvedCalls,
      timeouts: this.#timeouts,
      ...now,
      batchSizes: this.#batchSizes.snapshot(),
      queueLengths: this.#queueLengths.snapshot(),
      latencyMs: this.#latencyMs.snapshot(),
      outages: this.#outages,
      outageMs: this.#outageMs,
      ...(model === undefined ? {} : { model }),
    };
  }
}
