/** Chains of operators give the same by hand and in a task: the same records, questions and state. */
import fc from 'fast-check';
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { nodesOf } from '../../src/operators/operator.js';
import { type ChangeContext, recordOf } from '../../src/record.js';
import type { KeyValueStore, StoreDeclaration } from '../../src/state/store.js';
import { type FakeModel, fake } from '../../src/testing/fake.js';
import { FrameScheduler } from '../../src/testing/frame-scheduler.js';
import { type MarbleHelpers, marbles } from '../../src/testing/marbles.js';
import { chainOf, type Link, type LinkKit, type LinkRecord, links } from './chain-links.js';
import { OneTask } from './in-a-task.js';

interface Table {
  readonly records: readonly { readonly frame: number; readonly record: LinkRecord }[];
  /** Frames that calls take, by their place in the chain and their value. */
  readonly delays: readonly number[];
}

/** What a run leaves behind. */
interface Result {
  readonly records: readonly unknown[];
  readonly questions: readonly unknown[];
  readonly state: readonly unknown[];
}

const change = (lsn: number): ChangeContext => ({
  db: 'd',
  schema: 's',
  table: 't',
  op: 'u',
  lsn: BigInt(lsn),
  txId: 1,
  sequence: null,
  tsMs: 0,
});

const tables: fc.Arbitrary<Table> = fc
  .record({
    rows: fc.array(
      fc.record({
        gap: fc.nat({ max: 3 }),
        key: fc.constantFrom('a', 'a', 'b', null),
        value: fc.constantFrom(0, 1, 2, 3, null),
        lsn: fc.nat({ max: 6 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    delays: fc.array(fc.nat({ max: 6 }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ rows, delays }) => {
    let frame = 0;
    const records = rows.map(({ gap, key, value, lsn }, offset) => {
      frame += gap;
      return { frame, record: recordOf(key, value, { offset, topic: 'in', change: change(lsn) }) };
    });
    return { records, delays };
  });

type Made = { readonly chain: Link | undefined; readonly models: readonly FakeModel<unknown, unknown>[] };

function make(names: readonly string[], delays: readonly number[], kit: Pick<LinkKit, 'clock' | 'fake'>): Made {
  const models: FakeModel<unknown, unknown>[] = [];
  const remembering: LinkKit['fake'] = (declaration, options) => {
    const made = kit.fake(declaration, options);
    models.push(made as unknown as FakeModel<unknown, unknown>);
    return made;
  };
  const made = names.map((name, place) => {
    const frames = (value: number | null) => delays[((value ?? 0) + place) % delays.length]!;
    return links[name]!({ clock: kit.clock, fake: remembering, name: `${place}`, frames });
  });
  return { chain: chainOf(made), models };
}

type Stores = <K, V>(declaration: StoreDeclaration<K, V>) => KeyValueStore<K, V>;

function resultOf({ chain, models }: Made, records: readonly unknown[], stores: Stores): Result {
  const declared = chain === undefined ? [] : nodesOf(chain).flatMap((node) => node.stores);
  const state = declared.map((declaration) => [declaration.name, [...stores(declaration).entries()].sort()]);
  // Of one model the questions are the same, in whatever order: who waits for whom is not who is asked.
  return { records, questions: models.map(({ questions }) => [...questions].sort()), state };
}

async function byHand(names: readonly string[], { records, delays }: Table): Promise<Result> {
  let result: Result | undefined;
  const run = marbles(({ clock, fake, stores }: MarbleHelpers) => {
    const made = make(names, delays, { clock, fake });
    const source = new Subject<LinkRecord>();
    const seen: unknown[] = [];
    const output = made.chain === undefined ? source : made.chain(source);
    output.subscribe((record) => seen.push(record));
    for (const { frame, record } of records) clock.after(frame, () => source.next(record));
    return () => {
      result = resultOf(made, seen, stores);
    };
  });
  await run();
  return result!;
}

async function inATask(names: readonly string[], { records, delays }: Table): Promise<Result> {
  const scheduler = new FrameScheduler();
  const { clock } = scheduler;
  const onClock: LinkKit['fake'] = (declaration, options) => {
    const made = fake(declaration, options);
    made.runOn(clock);
    return made;
  };
  const made = make(names, delays, { clock, fake: onClock });
  if (made.chain === undefined) throw new Error('a chain has a link');
  const task = await OneTask.open(made.chain as never, clock, 'fail');
  await scheduler.play(() => {
    for (const { frame, record } of records) clock.after(frame, () => task.process(record));
  });
  expect(task.stopped).toBeUndefined();
  expect(task.inFlight).toBe(0);
  const released = task.released.flatMap((happening) => (happening.kind === 'record' ? [happening.record] : []));
  const result = resultOf(made, released, (declaration) => task.store(declaration));
  task.close();
  return result;
}

async function sameTwice(names: readonly string[], table: Table): Promise<void> {
  expect(await inATask(names, table)).toEqual(await byHand(names, table));
}

const all = Object.keys(links);
const chains = fc.array(fc.constantFrom(...all), { minLength: 3, maxLength: 4 });

test.each(all)('%s alone', async (name) => {
  await fc.assert(
    fc.asyncProperty(tables, (table) => sameTwice([name], table)),
    { numRuns: 30 },
  );
});

test.each(all)('%s before each of the others', async (name) => {
  const next = fc.constantFrom(...all);
  await fc.assert(
    fc.asyncProperty(next, tables, (second, table) => sameTwice([name, second], table)),
    { numRuns: 50 },
  );
});

test('a record that waits with its first rows, and is remembered with its others, gives them all in their order', async () => {
  const record = (frame: number, key: string, value: number, offset: number) => ({
    frame,
    record: recordOf(key, value, { offset, topic: 'in', change: change(0) }),
  });
  // Of the last record two rows wait for the first record's answer; the others come when the memory has it.
  await sameTwice(['flatMapValues', 'mapAsync of Observables', 'predict', 'predict with a memory'], {
    records: [record(0, 'a', 1, 0), record(1, 'b', 3, 1), record(3, 'a', 3, 2)],
    delays: [6, 0, 0, 4, 0],
  });
});

test('three and four in a chain', async () => {
  await fc.assert(fc.asyncProperty(chains, tables, sameTwice), { numRuns: 500 });
});
