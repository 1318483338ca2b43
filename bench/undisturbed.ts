/**
 * A virtual machine shares its processors with others: what the hypervisor gives to them (`steal`) is missing here, up to a
 * half of it for seconds. A run of which much was taken says nothing of the program.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The share of the processors' time beyond which a run is repeated. */
const MOST_STOLEN = 0.05;
/** Runs at most; then the one counts of which the least was taken. */
const MOST_RUNS = 4;
/** The kernel counts in hundredths of a second (`USER_HZ`). */
const TICK_MS = 10;
/** Of the numbers behind `cpu` in /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
const STEAL = 7;

/**
 * Does a run again while others took more than 5 % of the processors from it, at most three times. The same for whoever is
 * measured; which of the runs is fast is not looked at.
 *
 * @param enough asked before each repetition: whether there is to be none
 * @returns what the run gave of which the least was taken, and that share (0 to 1; 0 where the system does not tell)
 */
export async function undisturbed<T>(
  run: () => Promise<T>,
  enough = () => false,
): Promise<{ readonly result: T; readonly stolen: number }> {
  let best = await watched(run);
  for (let runs = 1; runs < MOST_RUNS && best.stolen > MOST_STOLEN && !enough(); runs += 1) {
    const next = await watched(run);
    if (next.stolen < best.stolen) best = next;
  }
  return best;
}

async function watched<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly stolen: number }> {
  const [startedAt, before] = [performance.now(), stolenMs()];
  const result = await run();
  const available = (performance.now() - startedAt) * cpus().length;
  return { result, stolen: (stolenMs() - before) / available };
}

/** Milliseconds that were taken from all processors since the system started. */
function stolenMs(): number {
  if (process.platform !== 'linux') return 0;
  const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  return Number(total.trim().split(/\s+/)[STEAL + 1] ?? 0) * TICK_MS;
}
