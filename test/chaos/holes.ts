import type { Disturbance } from './disturbance.js';

/**
 * How long nothing came out of some partition around a moment: the longest of the partitions.
 *
 * @param times by partition, when the broker took each output; milliseconds since the epoch, never going down
 * @returns milliseconds; 0 where the moment is before all outputs or after them
 */
export function holeAt({ from }: Disturbance, times: ReadonlyMap<number, readonly number[]>): number {
  const holes = [...times.values()].map((taken) => {
    const after = firstAfter(taken, from);
    const [last, next] = [taken[after - 1], taken[after]];
    return last === undefined || next === undefined ? 0 : next - last;
  });
  return Math.max(0, ...holes);
}

function firstAfter(taken: readonly number[], moment: number): number {
  let [low, high] = [0, taken.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (taken[middle]! <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
