/**
 * Every port call of a recorded run, failed once before and once after it takes effect, under both guarantees; then the
 * process is started again, and what a read_committed reader finds is compared with what the topology means.
 */
import type { Change } from '../../src/cdc/change.js';
import type { ChangeOperation } from '../../src/record.js';
import type { Fault, Moment } from './faults.js';
import {
  type Answer,
  answers,
  answerTo,
  change,
  changesOfQuestions,
  distinctBranches,
  type Question,
  type Seen,
  Stage,
  type StageOptions,
  seen,
} from './stage.js';

export type Guarantee = StageOptions['guarantee'];

type Event = readonly [key: string, change: Change<Question> | null];

function event(key: string, op: ChangeOperation, id: number, feature: number): Event {
  return [key, change(op, { id, feature }, id)];
}

/** What is put in: keys that repeat, an unchanged question, changes delivered again, a delete with its tombstone. */
const FIRST_HALF: readonly Event[] = [
  event('a', 'c', 1, 1),
  event('b', 'c', 2, 2),
  event('a', 'u', 3, 1),
  event('b', 'c', 2, 2),
  event('c', 'c', 4, 4),
];
const SECOND_HALF: readonly Event[] = [
  event('a', 'u', 3, 1),
  event('a', 'u', 5, 5),
  event('b', 'd', 6, 2),
  ['b', null],
  event('b', 'c', 7, 2),
  event('a', 'u', 8, 1),
];
const EVENTS = FIRST_HALF.length + SECOND_HALF.length;

/** What it means: the rows, each once. */
const ROWS: readonly (readonly [key: string, row: Question | null])[] = [
  ['a', { id: 1, feature: 1 }],
  ['b', { id: 2, feature: 2 }],
  ['a', { id: 3, feature: 1 }],
  ['c', { id: 4, feature: 4 }],
  ['a', { id: 5, feature: 5 }],
  ['b', null],
  ['b', { id: 7, feature: 2 }],
  ['a', { id: 8, feature: 1 }],
];

/** One step of a run and what became of it. */
export interface Row {
  readonly guarantee: Guarantee;
  readonly call: number;
  readonly name: string;
  readonly moment: Moment;
  readonly kind: Fault['kind'];
  /** What is wrong; empty when nothing is. */
  readonly wrong: readonly string[];
  /** Records written more than once: allowed under at_least_once only. */
  readonly duplicates: number;
  /** Questions asked after the crash. */
  readonly askedAgain: number;
}

async function run(guarantee: Guarantee, fault?: Fault): Promise<Stage> {
  const stage = await Stage.open({ guarantee, topology: distinctBranches() });
  await stage.start(...(fault === undefined ? [] : [fault]));
  // Two halves with a commit between them, so that a crash meets state that is committed and state that is not.
  await stage.put(FIRST_HALF, changesOfQuestions.name);
  await stage.work(300);
  await stage.put(SECOND_HALF, changesOfQuestions.name);
  await stage.work(500);
  return stage;
}

/** The calls of a run without faults, in order. */
export async function recordedCalls(guarantee: Guarantee): Promise<readonly string[]> {
  const stage = await run(guarantee);
  await stage.drain();
  const wrong = await findings(stage, guarantee);
  if (wrong.length > 0) throw new Error(`the run without faults is wrong: ${wrong.join('; ')}`);
  return stage.faults.calls;
}

/** Runs the table for one guarantee and one kind of fault. */
export async function crashTable(guarantee: Guarantee, kind: Fault['kind']): Promise<readonly Row[]> {
  const calls = await recordedCalls(guarantee);
  const rows: Row[] = [];
  for (const [call, name] of calls.entries()) {
    for (const moment of ['before', 'after'] as const) {
      // A full queue is said before, never after.
      if (kind !== 'crash' && moment === 'after' && name.startsWith('producer.produce')) continue;
      rows.push(await row(guarantee, { call, moment, kind }, name));
    }
  }
  return rows;
}

async function row(guarantee: Guarantee, fault: Fault, name: string): Promise<Row> {
  const stage = await run(guarantee, fault);
  const crashed = stage.faults.dead;
  const unfinished = crashed ? await unfinishedIn(stage, guarantee) : 0;
  const askedBefore = stage.asked.length;
  if (crashed) {
    await stage.start();
    await stage.work(1_000);
  }
  const askedAgain = stage.asked.length - askedBefore;
  const wrong = [...(await findings(stage, guarantee))];
  if (crashed && askedAgain > unfinished) wrong.push(`${askedAgain} asked for ${unfinished} unfinished records`);
  if (stage.app.failure !== undefined) wrong.push(`the application failed: ${stage.app.failure.message}`);
  const delivered = (await stage.values<Seen>(seen.name)).length;
  await stage.drain();
  const duplicates = delivered - ROWS.length;
  return { guarantee, call: fault.call, name, moment: fault.moment, kind: fault.kind, wrong, duplicates, askedAgain };
}

/** Records whose outcome did not survive the crash. */
async function unfinishedIn(stage: Stage, guarantee: Guarantee): Promise<number> {
  if (guarantee === 'exactly_once_v2') return ROWS.length - (await stage.read(seen.name)).length;
  return EVENTS - (await stage.committedOffset());
}

async function findings(stage: Stage, guarantee: Guarantee): Promise<readonly string[]> {
  const wrong: string[] = [];
  const given = await stage.keyed<Answer | null>(answers.name);
  const counted = await stage.keyed<Seen>(seen.name);
  const expected = ROWS.map(([key, question]) => [key, question === null ? null : answer(question)] as const);

  for (const key of new Set(ROWS.map(([key]) => key))) {
    const last = (of: readonly (readonly [string, unknown])[]) => JSON.stringify(of.findLast(([k]) => k === key)?.[1]);
    if (last(given) !== last(expected)) wrong.push(`${key}: last answer ${last(given)}, not ${last(expected)}`);
  }
  for (const [key, value] of expected) {
    if (!given.some(([k, v]) => k === key && JSON.stringify(v) === JSON.stringify(value))) {
      wrong.push(`${key}: no answer ${JSON.stringify(value)}`);
    }
  }
  if (guarantee === 'exactly_once_v2') {
    if (JSON.stringify(given) !== JSON.stringify(expected)) wrong.push('answers are not exactly those asked, in order');
    const before = new Map<string, number>();
    const seenOnce = ROWS.map(([key, question]) => {
      const count = before.get(key) ?? 0;
      before.set(key, count + 1);
      return [key, { id: question?.id ?? -1, before: count }] as const;
    });
    if (JSON.stringify(counted) !== JSON.stringify(seenOnce)) wrong.push('the counter has counted something else');
  }
  return wrong;
}

function answer({ id, feature }: Question): Answer {
  return { id, feature, prediction: answerTo(feature) as number };
}

/** The table as text. */
export function printed(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ guarantee, call, name, moment, kind, wrong, duplicates, askedAgain }) =>
      `${guarantee.padEnd(16)} ${kind.padEnd(9)} ${String(call).padStart(3)} ${moment.padEnd(6)} ${name.padEnd(44)} ` +
      `duplicates ${String(duplicates).padStart(2)}  asked again ${String(askedAgain).padStart(2)}  ` +
      (wrong.length === 0 ? 'ok' : `WRONG: ${wrong.join('; ')}`),
  );
  return lines.join('\n');
}
