/** `--instances`: the work of one replay by several processes of its group. */
import { fork } from 'node:child_process';
import type { PartitionProgress, ReplayCounts, ReplayProgress } from '../../replay/index.js';
import { NO_COUNTS } from '../../replay/progress.js';

type Running = ReplayProgress & { readonly phase: 'running' };

/**
 * Runs the same command in several processes, until all have ended.
 *
 * @param report progress of all together
 * @returns what they have done together
 * @throws when one ends with another code than 0; the others are told to end first
 */
export async function runInstances(
  instances: number,
  args: readonly string[],
  signal: AbortSignal,
  report: (progress: Running) => void,
): Promise<ReplayCounts> {
  const latest = new Map<number, Running>();
  const children = Array.from({ length: instances }, (_, slot) => {
    const child = fork(process.argv[1]!, [...args, '--slot', String(slot)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (progress) => {
      latest.set(slot, progress as Running);
      report(together([...latest.values()]));
    });
    return child;
  });
  const endAll = () => {
    for (const child of children) child.kill('SIGTERM');
  };
  signal.addEventListener('abort', endAll);
  try {
    const codes = children.map(
      (child) => new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1))),
    );
    for (const [slot, code] of codes.entries()) {
      code.then((ended) => {
        if (ended !== 0) endAll();
        return slot;
      });
    }
    const failed = (await Promise.all(codes)).filter((code) => code !== 0).length;
    if (failed > 0 && !signal.aborted) {
      throw new Error(`${failed} of ${instances} processes of the replay failed: start it again to go on with it`);
    }
    return latest.size === 0 ? NO_COUNTS : together([...latest.values()]).counts;
  } finally {
    signal.removeEventListener('abort', endAll);
  }
}

/** Each process knows how far its own partitions are: the furthest that any says is right. */
function together(all: readonly Running[]): Running {
  const [first] = all as [Running];
  const partitions: PartitionProgress[] = first.partitions.map((each, index) => ({
    ...each,
    position: Math.max(...all.map((progress) => progress.partitions[index]!.position)),
  }));
  const done = partitions.reduce((sum, { from, position }) => sum + position - from, 0);
  const rate = all.reduce((sum, progress) => sum + progress.rate, 0);
  const sum = (of: keyof Running['counts']) => all.reduce((total, { counts }) => total + counts[of], 0);
  return {
    ...first,
    partitions,
    done,
    rate,
    remainingMs: rate > 0 ? ((first.total - done) / rate) * 1_000 : undefined,
    counts: {
      finished: sum('finished'),
      delivered: sum('delivered'),
      filtered: sum('filtered'),
      skipped: sum('skipped'),
      deadLettered: sum('deadLettered'),
      modelCalls: sum('modelCalls'),
      modelCallsSaved: sum('modelCallsSaved'),
    },
  };
}
