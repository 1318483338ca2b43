/** Flags that say which part of a topic is read. */
import type { Command } from 'commander';
import { systemClock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import { parseBound } from '../reading/bound.js';
import type { ReadRange } from '../reading/bounded-read.js';

export interface RangeFlags {
  readonly from?: string;
  readonly to?: string;
  readonly until?: string;
  readonly partitions?: string;
}

/** @param until the name of the flag for the end: `to`, unless the command has another use for that */
export function withRange(command: Command, until: 'to' | 'until' = 'to'): Command {
  return command
    .option('--from <place>', 'offset (1200), time (2026-11-01T00:00:00Z, -7d) or beginning (default: beginning)')
    .option(`--${until} <place>`, 'likewise, the first that is not read; now: the end (default: now)')
    .option('--partitions <list>', 'only these partitions: 0,2');
}

/** @throws ConfigurationError for one that cannot be read */
export function rangeFrom({ from, to, until, partitions }: RangeFlags): ReadRange {
  const now = systemClock.now();
  const end = until ?? to;
  return {
    ...(from === undefined ? {} : { from: parseBound(from, 'from', now) }),
    ...(end === undefined ? {} : { to: parseBound(end, until === undefined ? 'to' : 'until', now) }),
    ...(partitions === undefined ? {} : { partitions: numbers(partitions) }),
  };
}

function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.every((value) => Number.isSafeInteger(value) && value >= 0)) return values;
  throw new ConfigurationError(`--partitions ${text}: give whole numbers with commas between them: 0,2`, 'partitions');
}
