import type { Clock } from '../../clock.js';
import { ConfigurationError } from '../../errors.js';
import { onSignals } from '../signals.js';
import { Slots } from './slots.js';

export interface SuperviseOptions {
  readonly instances: number;
  /** The arguments of this process without `--instances`. */
  readonly args: readonly string[];
  /** One JSON object a line. */
  readonly json: boolean;
  readonly clock: Clock;
}

/** What went wrong in a process was said by it. */
export class InstancesFailed extends Error {}

/**
 * Runs several instances until a signal ends them or one is given up. Their lines come out as they come, each with the
 * slot that said it.
 *
 * @throws ConfigurationError when they cannot run as asked; InstancesFailed when one was given up, or did not end well
 */
export async function supervise({ instances, args, json, clock }: SuperviseOptions): Promise<void> {
  const write = (slot: number, line: string): void => {
    process.stdout.write(`${json ? taggedJson(slot, line) : `${slot} | ${line}`}\n`);
  };
  const slots = new Slots({
    count: instances,
    program: process.argv[1]!,
    args: (slot, restarts) => [...args, '--slot', String(slot), '--restarts', String(restarts)],
    clock,
    line: write,
    told: (level, text, slot) => write(slot, json ? JSON.stringify({ level, event: level, message: text }) : text),
  });
  const quiet = onSignals({ drain: () => slots.drain(), stop: () => slots.stop() });
  const kill = () => slots.stop();
  try {
    process.on('SIGHUP', kill);
    await slots.run();
  } finally {
    process.off('SIGHUP', kill);
    quiet();
  }
  const { failure } = slots;
  if (failure === undefined) return;
  throw failure.code === 2
    ? new ConfigurationError(failure.message, 'instances')
    : new InstancesFailed(failure.message);
}

/** What a process says that is no JSON (a crash of the engine, a library) is wrapped, so that every line is. */
function taggedJson(slot: number, line: string): string {
  if (line.startsWith('{') && line.endsWith('}')) return `{"slot":${slot},${line.slice(1)}`;
  return JSON.stringify({ slot, event: 'output', message: line });
}
