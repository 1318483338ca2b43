/**
 * Random histories: what a database does to its rows, how its changes are delivered, and what happens to the processes
 * that work on them; and what all that must leave.
 */
import fc from 'fast-check';
import type { Fault } from './faults.js';
import type { Process } from './process.js';
import {
  type Answer,
  answers,
  answerTo,
  change,
  changesOfQuestions,
  distinctBranches,
  type Put,
  type Question,
  type Seen,
  Stage,
  type StageOptions,
  seen,
} from './stage.js';

const KEYS = 5;
const PARTITIONS = 3;
/** How long (virtual ms) everything may take after the last step: sessions expire, transactions time out. */
const PATIENCE_MS = 200_000;

const row = {
  key: fc.nat(KEYS - 1),
  feature: fc.nat(3),
  fate: fc.constantFrom('good', 'good', 'good', 'poison', 'spoiled'),
};
const rowStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ what: fc.constant('write' as const), ...row }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('delete' as const), key: row.key }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('rekey' as const), ...row, to: fc.nat(KEYS - 1) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('again' as const), back: fc.integer({ min: 1, max: 8 }) }) },
);

const fault: fc.Arbitrary<Fault> = fc.record({
  call: fc.nat(60),
  moment: fc.constantFrom('before', 'after'),
  kind: fc.constantFrom('crash', 'crash', 'retriable', 'abort'),
});
const who = fc.constantFrom('first' as const, 'first' as const, 'second' as const);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant('rows' as const),
      rows: fc.array(rowStep, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant('start' as const), who, faults: fc.array(fault, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constantFrom('kill', 'drain', 'stop'), who }) },
);

export const history = fc.record({
  delays: fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 3, maxLength: 18 }),
});
export type History = typeof history extends fc.Arbitrary<infer H> ? H : never;
type RowStep = typeof rowStep extends fc.Arbitrary<infer S> ? S : never;

/** A table whose changes are captured: what its changes are, and what they are to become. */
class Table {
  /** For each key what its output must be, in order. */
  readonly expected = new Map<string, (Answer | null)[]>();
  /** Answers of rows that must not come out, by id. */
  readonly failing = new Set<number>();
  readonly written: Put[] = [];
  readonly #rows = new Map<string, Question>();
  #lsn = 0;

  changesOf(step: RowStep): readonly Put[] {
    const from = this.written.length;
    if (step.what === 'again') return this.written.slice(Math.max(0, from - step.back));
    const key = `k${step.key}`;
    if (step.what === 'write') this.#write(key, step.feature, step.fate);
    else if (this.#rows.has(key)) {
      this.#delete(key);
      if (step.what === 'rekey') this.#write(`k${step.to}`, step.feature, step.fate);
    }
    return this.written.slice(from);
  }

  #write(key: string, feature: number, fate: string): void {
    this.#lsn += 1;
    const question = { id: this.#lsn, feature, poison: fate === 'poison', spoiled: fate === 'spoiled' };
    this.written.push([key, change(this.#rows.has(key) ? 'u' : 'c', question, this.#lsn)]);
    this.#rows.set(key, question);
    if (fate !== 'good') this.failing.add(question.id);
    else this.#expect(key, { id: question.id, feature, prediction: answerTo(feature) as number });
  }

  #delete(key: string): void {
    this.#lsn += 1;
    this.written.push([key, change('d', this.#rows.get(key)!, this.#lsn)], [key, null]);
    this.#rows.delete(key);
    this.#expect(key, null);
  }

  #expect(key: string, answer: Answer | null): void {
    this.expected.set(key, [...(this.expected.get(key) ?? []), answer]);
  }
}

/**
 * Lives through a history.
 *
 * @returns what is wrong with what it left; empty when nothing is
 */
export async function live(
  guarantee: StageOptions['guarantee'],
  { delays, steps }: History,
): Promise<readonly string[]> {
  let call = 0;
  const stage = await Stage.open({
    guarantee,
    topology: distinctBranches(),
    partitions: PARTITIONS,
    delay: () => delays[call++ % delays.length]!,
    config: { 'max.poll.interval.ms': 3_000, 'session.timeout.ms': 2_000, 'rebalance.timeout.ms': 100 },
  });
  const table = new Table();
  const processes = { first: stage.process, second: stage.another('second') };
  const up = new Set<Process>();
  const wrong: string[] = [];
  let put = 0;

  const lookAfterTheDead = async () => {
    for (const process of up) {
      if (process.faults.dead) {
        await process.bury();
        up.delete(process);
      } else if (process.app.failure !== undefined) {
        wrong.push(`${process.name} failed: ${process.app.failure.message}`);
        up.delete(process);
      }
    }
  };
  const start = async (process: Process, faults: readonly Fault[]) => {
    if (up.has(process)) return;
    up.add(process);
    await process.start(...faults);
  };
  const end = async (process: Process, how: 'drain' | 'stop') => {
    if (!up.has(process)) return;
    const ending = process.app[how]();
    // It may die on the way, and then never says that it has ended.
    for (let waited = 0; waited < 40_000 && !process.faults.dead && !ended(process); waited += 50)
      await stage.clock.run(50);
    if (!process.faults.dead) await stage.patiently(ending);
    up.delete(process);
    if (process.faults.dead) await process.bury();
  };

  await start(processes.first, []);
  for (const step of steps) {
    if (step.step === 'rows') {
      const records = step.rows.flatMap((one) => table.changesOf(one));
      put += records.length;
      await stage.put(records, changesOfQuestions.name);
    } else if (step.step === 'wait') await stage.clock.run(step.ms);
    else if (step.step === 'start') await start(processes[step.who], step.faults);
    else if (step.step === 'kill') await processes[step.who].kill().catch(() => {});
    else await end(processes[step.who], step.step as 'drain' | 'stop');
    await lookAfterTheDead();
  }

  for (const process of Object.values(processes)) {
    // What it still has up its sleeve would strike now.
    if (up.has(process)) await process.kill();
    up.delete(process);
    await start(process, []);
  }
  let committed = 0;
  for (let waited = 0; waited < PATIENCE_MS && committed < put; waited += 500) {
    await stage.clock.run(500);
    committed = 0;
    for (let partition = 0; partition < PARTITIONS; partition += 1) committed += await stage.committedOffset(partition);
  }
  await lookAfterTheDead();
  if (committed < put) wrong.push(`${put - committed} of ${put} records were never committed`);
  for (const process of up) await stage.drain(process);
  if (wrong.length === 0) wrong.push(...(await findings(stage, table, guarantee)));
  return wrong;
}

function ended({ app }: Process): boolean {
  return app.state === 'NOT_RUNNING' || app.state === 'ERROR';
}

async function findings(stage: Stage, table: Table, guarantee: StageOptions['guarantee']): Promise<readonly string[]> {
  const wrong: string[] = [];
  const given = await stage.keyed<Answer | null>(answers.name);
  const counted = await stage.keyed<Seen>(seen.name);
  for (let number = 0; number < KEYS; number += 1) {
    const key = `k${number}`;
    const expected = (table.expected.get(key) ?? []).map((answer) => JSON.stringify(answer));
    const found = given.filter(([name]) => name === key).map(([, answer]) => JSON.stringify(answer));
    if (found.at(-1) !== expected.at(-1)) wrong.push(`${key}: last ${found.at(-1)}, not ${expected.at(-1)}`);
    for (const answer of expected) if (!found.includes(answer)) wrong.push(`${key}: ${answer} is missing`);
    for (const answer of found) if (!expected.includes(answer)) wrong.push(`${key}: ${answer} must not be there`);
    if (guarantee === 'at_least_once') continue;
    if (found.join() !== expected.join()) wrong.push(`${key}: ${found.join(' ')}, not ${expected.join(' ')}`);
    const before = counted.filter(([name]) => name === key).map(([, { before }]) => before);
    if (before.some((count, index) => count !== index)) wrong.push(`${key}: counted ${before.join(' ')}`);
    if (before.length !== expected.length) wrong.push(`${key}: counted ${before.length} of ${expected.length}`);
  }
  return wrong;
}
