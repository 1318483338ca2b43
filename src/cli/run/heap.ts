import { constants, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** How far the old generation grows at least between two collections, percent of what was alive after the last. */
const LEAST_GROWTH = 50;
/**
 * How far a small one grows at least: bytes. What records hold outside of the heap counts as growth, so that a heap of 30 MB
 * would be collected for every few thousand large records: it grows further when collections come too soon.
 */
const GROWTH_BYTES = 20 * 1_024 * 1_024;
const FAST_GROWTH_BYTES = 40 * 1_024 * 1_024;
/** Milliseconds between two collections that are too soon. */
const TOO_SOON_MS = 500;
/** V8's own most. */
const MOST_GROWTH = 300;

/**
 * Keeps the heap small: by itself V8 lets what is alive quadruple before it looks again, and a stream makes garbage
 * evenly. The records that wait for a model and the entries that leave a cache are old by then. Seen by
 * `npx tsx scripts/memory.ts`.
 */
export function keepHeapSmall(): void {
  growBy(LEAST_GROWTH);
  let last = 0;
  new PerformanceObserver((collections) => {
    const major = collections.getEntries().findLast(isMajor);
    if (major === undefined) return;
    const bytes = major.startTime - last < TOO_SOON_MS ? FAST_GROWTH_BYTES : GROWTH_BYTES;
    last = major.startTime;
    growBy(growthOf(getHeapStatistics().used_heap_size, bytes));
  }).observe({ entryTypes: ['gc'] });
}

/** @param live bytes that are alive @param bytes that it may grow by at least @returns percent */
function growthOf(live: number, bytes: number): number {
  return Math.round(Math.min(MOST_GROWTH, Math.max(LEAST_GROWTH, (100 * bytes) / live)));
}

function growBy(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** Node's types lack the `detail` that entries of this kind have. */
function isMajor(collection: object): boolean {
  const { detail } = collection as { readonly detail: { readonly kind: number } };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
