import { setFlagsFromString } from 'node:v8';

/** How far the old generation grows between two collections, percent of what was alive after the last. */
const GROWTH = 50;

/**
 * Keeps the heap small: by itself V8 lets what is alive quadruple before it looks again, and a stream makes garbage
 * evenly. The records that wait for a model and the entries that leave a cache are old by then. Seen by
 * `npx tsx scripts/memory.ts`.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
}
