import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Both halves of the young generation: bytes. 32 MiB are V8's own most on Node 20. On Node 24 it
 * would go to 128 MiB, and keep them.
 */
const MOST_BYTES = 32 * 1_024 * 1_024;
/** Objects between two looks at its size, about a megabyte. */
const SOME = 10_000;

/**
 * Keeps the young generation small, unless whoever started the process has said how large it may be.
 *
 * V8 takes its most from the command line alone. But the factor by which it grows may be set at any time, and with 1 it
 * stays as it is: so it is made to grow up to here at once, before anything else is loaded, and is then held.
 */
export function keepYoungGenerationSmall() {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  if (given.some((option) => /semi[-_]space/.test(option))) return;
  let alive = [];
  // It grows when more has survived than it has room for. Bounded, in case that it one day does not.
  for (let objects = 0; size() < MOST_BYTES && objects < 1_000_000; objects += SOME) {
    alive = [...alive, ...Array.from({ length: SOME }, (_, n) => ({ n, text: [n] }))];
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

function size() {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
}
