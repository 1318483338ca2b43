/**
 * How compacted segments take the place of the old ones, so that a crash at any point leaves either.
 *
 *  1. The new segment is written to `<base>-<end>.cleaned`; recovery deletes such a file.
 *  2. It is renamed to `<base>-<end>.swap`. From here on it stands for all segments that begin in [base, end).
 *  3. Those are deleted, and it is renamed to `<base>.log`. Recovery does the same when it finds a `.swap`.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentBase, segmentPath } from './segment.js';
import { syncFolder } from './sync-folder.js';
import type { Flush } from './write-cycle.js';

const SWAP = /^(\d{20})-(\d{20})\.swap$/;
const name = (base: number, end: number): string =>
  `${String(base).padStart(20, '0')}-${String(end).padStart(20, '0')}`;

/** Where a segment for the offsets [base, end) is written before it counts. */
export function cleanedPath(directory: string, base: number, end: number): string {
  return join(directory, `${name(base, end)}.cleaned`);
}

/** Puts the finished file at {@link cleanedPath} in the place of the segments that begin in [base, end). */
export async function swapIn(directory: string, base: number, end: number, flush: Flush): Promise<void> {
  const swap = join(directory, `${name(base, end)}.swap`);
  await rename(cleanedPath(directory, base, end), swap);
  // The old files must not be gone before the new one's name is safe.
  if (flush === 'disk') await syncFolder(directory);
  await finish(directory, swap, base, end);
}

/** Finishes what a crash interrupted. */
export async function finishSwaps(directory: string): Promise<void> {
  for (const file of await readdir(directory)) {
    const match = SWAP.exec(file);
    if (match !== null) await finish(directory, join(directory, file), Number(match[1]), Number(match[2]));
  }
}

async function finish(directory: string, swap: string, base: number, end: number): Promise<void> {
  for (const file of await readdir(directory)) {
    const other = segmentBase(file);
    // The one of the same name goes with the rename, so that the log never lacks its beginning.
    if (other !== undefined && other > base && other < end) await rm(join(directory, file));
  }
  await rename(swap, segmentPath(directory, base));
}
