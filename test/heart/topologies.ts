/** The topologies that stand on the stage, and the records that they take. */
import type { Change } from '../../src/cdc/change.js';
import { model } from '../../src/model/model.js';
import { changePositions } from '../../src/operators/change-positions.js';
import { compose } from '../../src/operators/compose.js';
import { distinct } from '../../src/operators/distinct.js';
import { enrich } from '../../src/operators/enrich.js';
import { predict } from '../../src/operators/predict.js';
import { predictionMemory } from '../../src/operators/prediction-memory.js';
import { processValues, type ValueProcessorContext } from '../../src/operators/process-values.js';
import { unwrap } from '../../src/operators/unwrap.js';
import type { ChangeOperation, StreamRecord } from '../../src/record.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { nullable } from '../../src/serde/shape.js';
import { keyValueStore } from '../../src/state/declare.js';
import type { Topology } from '../../src/topology/graph.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

export interface Question {
  readonly id: number;
  /** What the model is asked about. */
  readonly feature: number;
  /** The model cannot answer it. */
  readonly poison?: boolean;
  /** The counter fails on it, after it has counted. */
  readonly spoiled?: boolean;
}

export interface Answer {
  readonly id: number;
  readonly feature: number;
  readonly prediction: number;
}

export interface Seen {
  readonly id: number;
  /** How many records of the key came before, by the store. */
  readonly before: number;
}

export const questions = topic('questions', { key: string(), value: nullable(json<Question>()) });
export const changesOfQuestions = topic('changes', { key: string(), value: nullable(json<Change<Question>>()) });
export const answers = topic('answers', { key: string(), value: nullable(json<Answer>()) });
export const seen = topic('seen', { key: string(), value: json<Seen>() });

export const oracle = model<number, number>('oracle');
export const memory = predictionMemory<string, number>('memory');
export const counts = keyValueStore<string, number>('counts');
export const delivered = changePositions<string>('delivered');

/** Asks the model, and remembers what it said. */
export function answering() {
  return compose(
    predict(oracle, {
      features: (question: Question) => (question.poison ? -1 - question.feature : question.feature),
      remember: memory,
    }),
    enrich(({ id, feature }: Question, prediction: number) => ({ id, feature, prediction })),
  );
}

/** Counts the records of each key in a store. */
export function counting() {
  return processValues({
    stores: [counts],
    process(record: StreamRecord<Question | null, string>, context: ValueProcessorContext<string, Seen>) {
      const store = context.store(counts);
      const before = store.get(record.key) ?? 0;
      store.put(record.key, before + 1);
      if (record.value?.spoiled) throw new Error(`record ${record.value.id} is spoiled`);
      context.forward({ id: record.value?.id ?? -1, before });
    },
  });
}

/** Two branches of one source: a slow model with a memory, and a counter in a store. */
export function twoBranches(): Topology {
  return topology('two-branches', ({ stream }) => {
    const source = stream(questions);
    source.pipe(answering()).to(answers);
    source.pipe(counting()).to(seen);
  });
}

/** The same two branches behind `distinct`: what the application does with changes of a table. */
export function distinctBranches(): Topology {
  return topology('distinct-branches', ({ stream }) => {
    const rows = stream(changesOfQuestions).pipe(distinct({ remember: delivered }), unwrap<Question, string>());
    rows.pipe(answering()).to(answers);
    rows.pipe(counting()).to(seen);
  });
}

/** A change as Debezium writes it. */
export function change(op: ChangeOperation, row: Question, lsn: number): Change<Question> {
  const source = {
    version: '3.6',
    connector: 'postgresql',
    name: 'stage',
    ts_ms: 1_000 + lsn,
    db: 'db',
    schema: 'public',
    table: 'questions',
    sequence: `["${lsn}","${lsn}"]`,
    txId: lsn,
    lsn,
  };
  return { before: op === 'd' ? row : null, after: op === 'd' ? null : row, source, op, ts_ms: 1_000 + lsn };
}
