/** What `millrace replay` says: bars on a terminal, lines in a file or a pipe, JSON for programs. */
import { MultiBar, type SingleBar } from 'cli-progress';
import { count, duration } from '../../console/human-format.js';
import type { ReplayEstimate, ReplayPlan, ReplayProgress } from '../../replay/index.js';
import { planText } from './plan-text.js';

type Running = ReplayProgress & { readonly phase: 'running' };
type Finished = ReplayProgress & { readonly phase: 'finished' };

export interface ReplayScreen {
  plan(plan: ReplayPlan, as: 'new' | 'resumed' | 'finished', estimate: ReplayEstimate | undefined): void;
  running(progress: Running): void;
  finished(progress: Finished): void;
  message(level: 'info' | 'warn', text: string): void;
  close(): void;
}

const PLAIN_EVERY_MS = 5_000;

/** The screen for what is asked and what standard output is. */
export function replayScreen(json: boolean): ReplayScreen {
  if (json) return jsonScreen();
  return process.stdout.isTTY ? barScreen() : lineScreen();
}

/** `12,000 of 20,000 offsets read · 11,900 records finished · 60 % · 4,100/s · 2 s left · model 11,800 calls, 200 saved` */
function runningText({ done, total, rate, remainingMs, counts }: Running): string {
  const parts = [
    `${count(done)} of ${count(total)} offsets read`,
    `${count(counts.finished)} records finished`,
    `${total === 0 ? 100 : Math.floor((done * 100) / total)} %`,
    `${count(rate)}/s`,
    ...(remainingMs === undefined ? [] : [`${duration(remainingMs)} left`]),
    `model ${count(counts.modelCalls)} calls, ${count(counts.modelCallsSaved)} saved`,
  ];
  return parts.join(' · ');
}

function finishedText({ plan, now, counts, elapsedMs }: Finished): string {
  if (!now) return `replay '${plan.name}' has finished before; there is nothing left to do`;
  const { finished, delivered, filtered, skipped, deadLettered, modelCalls, modelCallsSaved } = counts;
  return (
    `replay '${plan.name}' has finished: ${count(finished)} records in ${duration(elapsedMs)} ` +
    `(${count(delivered)} delivered, ${count(filtered)} filtered, ${count(skipped)} skipped, ${count(deadLettered)} dead letters), ` +
    `model ${count(modelCalls)} calls, ${count(modelCallsSaved)} saved`
  );
}

function lineScreen(): ReplayScreen {
  let saidAt = Number.NEGATIVE_INFINITY;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  return {
    plan: (plan, as, estimate) => say(planText(plan, as, estimate)),
    running(progress) {
      if (performance.now() - saidAt < PLAIN_EVERY_MS) return;
      saidAt = performance.now();
      say(runningText(progress));
    },
    finished: (progress) => say(finishedText(progress)),
    message: (level, text) => say(level === 'info' ? text : `${level}: ${text}`),
    close: () => {},
  };
}

function barScreen(): ReplayScreen {
  const bars = new MultiBar({ format: '{name} {bar} {percentage} % {text}', hideCursor: true, barsize: 30 });
  const byLine = new Map<string, SingleBar>();
  const bar = (name: string, total: number): SingleBar => {
    const known = byLine.get(name);
    if (known !== undefined) return known;
    const made = bars.create(total, 0, { name, text: '' });
    byLine.set(name, made);
    return made;
  };
  const say = (text: string) => {
    if (byLine.size === 0) process.stdout.write(`${text}\n`);
    else bars.log(`${text}\n`);
  };
  return {
    plan: (plan, as, estimate) => say(planText(plan, as, estimate)),
    running(progress) {
      for (const { topic, partition, from, to, position } of progress.partitions) {
        if (to > from)
          bar(`${topic}-${partition}`, to - from).update(position - from, { text: `offset ${count(position)}` });
      }
      bar('total', Math.max(1, progress.total)).update(progress.total === 0 ? 1 : progress.done, {
        text: runningText(progress),
      });
    },
    finished(progress) {
      bars.stop();
      byLine.clear();
      say(finishedText(progress));
    },
    message: (level, text) => say(level === 'info' ? text : `${level}: ${text}`),
    close: () => bars.stop(),
  };
}

function jsonScreen(): ReplayScreen {
  const say = (event: string, fields: object) => {
    process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  };
  return {
    plan: (plan, as, estimate) => say('plan', { as, plan, estimate: estimate ?? null }),
    running: ({ phase: _, ...progress }) => say('progress', progress),
    finished: ({ phase: _, plan, ...progress }) => say('finished', { name: plan.name, ...progress }),
    message: (level, message) => say(level, { message }),
    close: () => {},
  };
}
