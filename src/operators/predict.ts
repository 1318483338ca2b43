/**
 * `predict`: a model in the stream.
 *
 * P1. It asks exactly when it would ask if every earlier record of the partition had finished first, whatever the
 *     model's delay (invariant 11). So a record whose answer may yet be the memory of an earlier record of its key that
 *     is still in flight waits for that record's outcome; any other asks at once.
 * P2. A memory is of one key, one fingerprint of the features, one model and one version; any other is a miss.
 * P3. The memory is written when the record's turn comes, so that it belongs to the same prefix as the output.
 * P4. What another model answered in the place of the one asked is remembered under its own name and version, so it is a
 *     miss for every later record.
 */
import type { ErrorHandler } from '../error-handler.js';
import { asError } from '../errors.js';
import type { ModelDeclaration, ModelIdentity, Oracle } from '../model/model.js';
import { type StreamRecord, withValue } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { checkTimeout } from './calls.js';
import { Claims } from './claims.js';
import { Fingerprints } from './fingerprint.js';
import { Lane, type LaneEntry } from './lane.js';
import { type Forward, type Named, type Operator, type OperatorContext, operatorOf } from './operator.js';
import type { Predicted } from './predicted.js';
import type { RememberedPrediction } from './prediction-memory.js';

/** What {@link predict} is told. */
export interface PredictOptions<Row, K, F, P> extends Named {
  /** What the model is asked about. Pure: the same row gives the same features. */
  readonly features: (row: Row, record: StreamRecord<Row, K>) => F;
  /** Answers from memory while a key's features do not change. Declared with `predictionMemory(name)`. */
  readonly remember?: StoreDeclaration<K, RememberedPrediction<P>>;
  /**
   * Milliseconds that a model which is there may take for an answer; then the question counts as failed. Waiting for a
   * model that is away does not count. Default 10,000.
   */
  readonly timeout?: number;
  /** Decides over a record whose question failed. Default: the application's processing handler. */
  readonly onError?: ErrorHandler;
}

/** Milliseconds; finite, so that a model that never answers cannot hold the stream for ever. */
export const DEFAULT_PREDICT_TIMEOUT_MS = 10_000;

/**
 * Asks a model about each row, and gives the row with the answer. A tombstone passes unasked, and what was remembered
 * of its key is forgotten.
 *
 * Many questions are in flight at once; results leave in the order of the records.
 *
 * @throws ConfigurationError when `timeout` is no positive number of milliseconds
 * @throws (to the record's handler) ModelError when the model fails, gives no answer within `timeout`, or answers NaN
 * @example
 * predict(fordPrice, { features, remember: predictions, timeout: 2_000 })
 */
export function predict<Row, K, F, P>(
  model: ModelDeclaration<F, P>,
  // The row is the stream's, even where `features` asks for less of it.
  options: PredictOptions<NoInfer<Row>, K, F, P>,
): Operator<StreamRecord<Row | null, K>, StreamRecord<Predicted<Row, P> | null, K>>;
export function predict<Row, K, F, P>(
  model: ModelDeclaration<F, P>,
  options: PredictOptions<Row, K, F, P>,
): Operator<StreamRecord<Row | null, K>, StreamRecord<Predicted<Row, P> | null, K>>;
export function predict<Row, K, F, P>(
  model: ModelDeclaration<F, P>,
  options: PredictOptions<Row, K, F, P>,
): Operator<StreamRecord<Row | null, K>, StreamRecord<Predicted<Row, P> | null, K>> {
  checkTimeout('predict', options.timeout);
  return operatorOf({
    kind: 'MILLRACE-PREDICT-',
    name: options.as,
    models: [model],
    stores: options.remember === undefined ? [] : [options.remember as StoreDeclaration],
    timing: 'asynchronous',
    bind(context, forward) {
      const memory = options.remember === undefined ? undefined : context.store(options.remember);
      const prediction = new Predicting(context, context.oracle(model), options, memory, forward);
      return (record) => prediction.process(record as StreamRecord<Row | null, K>);
    },
  });
}

/** A question put to the model. It outlives a re-run of its record. */
interface Question<Row, K, P> {
  readonly fingerprint: string;
  record: StreamRecord<Row, K>;
  entry: LaneEntry;
  answered: boolean;
  error: Error | null;
  prediction: P | undefined;
  /** Who answered, when it was not the model that was asked. */
  other: ModelIdentity | undefined;
}

class Predicting<Row, K, F, P> {
  readonly #context: OperatorContext;
  readonly #oracle: Oracle<F, P>;
  readonly #options: PredictOptions<Row, K, F, P>;
  readonly #memory: KeyValueStore<K, RememberedPrediction<P>> | undefined;
  readonly #forward: Forward;
  readonly #lane: Lane;
  readonly #claims = new Claims();
  readonly #fingerprints = new Fingerprints();
  readonly #timeoutMs: number;

  constructor(
    context: OperatorContext,
    oracle: Oracle<F, P>,
    options: PredictOptions<Row, K, F, P>,
    memory: KeyValueStore<K, RememberedPrediction<P>> | undefined,
    forward: Forward,
  ) {
    this.#context = context;
    this.#oracle = oracle;
    this.#options = options;
    this.#memory = memory;
    this.#forward = forward;
    this.#lane = new Lane(context);
    this.#timeoutMs = options.timeout ?? DEFAULT_PREDICT_TIMEOUT_MS;
  }

  process(record: StreamRecord<Row | null, K>): void {
    this.#claims.prune();
    if (record.value === null) {
      this.#forget(record);
      return;
    }
    const row = record as StreamRecord<Row, K>;
    const features = this.#options.features(row.value, row);
    const fingerprint = this.#fingerprints.of(features);
    if (this.#memory === undefined || row.key === null || row.key === undefined) {
      this.#ask(row, features, fingerprint, this.#lane.enter());
      return;
    }

    const key = keyText(row.key);
    const inFlight = this.#claims.last(key);
    if (inFlight === undefined) {
      const remembered = this.#remembered(row.key);
      if (remembered?.fingerprint === fingerprint) {
        this.#lane.pass(() => this.#forwardRemembered(row, remembered.prediction));
        return;
      }
      const entry = this.#lane.enter();
      this.#claims.add(key, entry.ticket, fingerprint, remembered?.fingerprint ?? null);
      this.#ask(row, features, fingerprint, entry);
      return;
    }

    const entry = this.#lane.enter();
    const ofSameRecord = inFlight.ticket.sequence === entry.ticket.sequence;
    const uncertain = ofSameRecord ? inFlight.fingerprint === fingerprint : this.#claims.mayHold(key, fingerprint);
    this.#claims.add(key, entry.ticket, fingerprint, null);
    if (uncertain && ofSameRecord) {
      entry.deliver(() => this.#share(row, fingerprint));
    } else if (uncertain) {
      this.#context.whenFinished(inFlight.ticket, entry.ticket, () => this.#decide(row, features, fingerprint, entry));
    } else {
      this.#ask(row, features, fingerprint, entry);
    }
  }

  #forget(record: StreamRecord<Row | null, K>): void {
    const memory = this.#memory;
    if (memory === undefined || record.key === null || record.key === undefined) {
      this.#lane.pass(() => this.#forward(record));
      return;
    }
    const key = keyText(record.key);
    // Read before the lane is entered: a store that cannot be read fails the record, and must not leave it in the lane.
    const held = this.#claims.last(key) === undefined ? (this.#remembered(record.key)?.fingerprint ?? null) : null;
    const entry = this.#lane.enter();
    this.#claims.add(key, entry.ticket, null, held);
    entry.deliver(() => {
      memory.delete(record.key);
      this.#forward(record);
    });
  }

  /**
   * The same question was asked for the same record just before (after a flatMap), and it has left the lane: its answer
   * is the memory now, whoever gave it. When it failed there is none, and the record has failed as a whole.
   */
  #share(record: StreamRecord<Row, K>, fingerprint: string): void {
    const remembered = this.#memory?.get(record.key);
    if (remembered?.fingerprint !== fingerprint) return;
    const { model: name, version, prediction } = remembered;
    this.#forwardRemembered(record, prediction, { name, version });
  }

  /** Every earlier record is finished: the memory says what is to be done. */
  #decide(record: StreamRecord<Row, K>, features: F, fingerprint: string, entry: LaneEntry): void {
    let remembered: RememberedPrediction<P> | undefined;
    try {
      remembered = this.#remembered(record.key);
    } catch (thrown) {
      entry.fail(asError(thrown));
      return;
    }
    if (remembered?.fingerprint === fingerprint) {
      const { prediction } = remembered;
      entry.deliver(() => this.#forwardRemembered(record, prediction));
    } else {
      this.#ask(record, features, fingerprint, entry);
    }
  }

  #ask(record: StreamRecord<Row, K>, features: F, fingerprint: string, entry: LaneEntry): void {
    const before = entry.ticket.kept as Question<Row, K, P> | undefined;
    if (before?.fingerprint === fingerprint) {
      before.record = record;
      before.entry = entry;
      if (before.answered) this.#settle(before);
      return;
    }
    const question: Question<Row, K, P> = {
      fingerprint,
      record,
      entry,
      answered: false,
      error: null,
      prediction: undefined,
      other: undefined,
    };
    entry.ticket.kept = question;
    this.#context.count('asked');
    this.#oracle.ask(features, this.#timeoutMs, (error, prediction, other) => {
      question.answered = true;
      question.error = error;
      question.prediction = prediction;
      question.other = other;
      this.#settle(question);
    });
  }

  #settle(question: Question<Row, K, P>): void {
    if (question.error !== null) {
      question.entry.fail(question.error, this.#options.onError);
      return;
    }
    question.entry.deliver(() => {
      const { record } = question;
      const prediction = question.prediction as P;
      const identity = question.other ?? this.#oracle.identity;
      if (this.#memory !== undefined && record.key !== null && record.key !== undefined) {
        this.#memory.put(record.key, {
          fingerprint: question.fingerprint,
          model: identity.name,
          version: identity.version,
          prediction,
        });
      }
      this.#forward(withValue(record, { row: record.value, prediction, model: identity, remembered: false }));
    });
  }

  #forwardRemembered(record: StreamRecord<Row, K>, prediction: P, by = this.#oracle.identity): void {
    this.#context.count('remembered');
    this.#forward(withValue(record, { row: record.value, prediction, model: by, remembered: true }));
  }

  /** The memory of the key, if the same model and version made it. */
  #remembered(key: K): RememberedPrediction<P> | undefined {
    const remembered = this.#memory?.get(key);
    if (remembered === undefined) return undefined;
    const { identity } = this.#oracle;
    return remembered.model === identity.name && remembered.version === identity.version ? remembered : undefined;
  }
}

/** A text that two keys share only if they are equal. Keys are mostly small structs of numbers and strings. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key !== 'object' || key === null) return `${typeof key} ${String(key)}`;
  let text = '';
  for (const name in key) {
    const value = (key as Record<string, unknown>)[name];
    if (typeof value === 'number') text += `${name} ${value};`;
    else if (typeof value === 'string') text += `${name}${JSON.stringify(value)}`;
    else return JSON.stringify(key, bigintText);
  }
  return text;
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
