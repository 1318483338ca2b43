/**
 * Models in ONNX, run in this process by `onnxruntime-node`.
 *
 * The runtime computes in the calling thread, so a batch is run in slices between which the event loop turns.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { asError, ConfigurationError } from '../errors.js';
import { FeatureMatrix } from './feature-matrix.js';
import type { Model, ModelIdentity } from './model.js';
import { ModelError, nameOf } from './model-error.js';
import { parseDescription } from './onnx-description.js';

/**
 * Rows in one run. More do not make a row cheaper (300 trees, rows that all differ: 7.3 µs a row at 48, 6.4 at 128,
 * 6.6 at 1,024), and a run of these holds the event loop for less than a millisecond instead of seven.
 */
const ROWS_IN_A_RUN = 128;

export interface OnnxOptions {
  /** The description of the features. Default: the file beside the model that ends in `.json` instead of `.onnx`. */
  readonly description?: string | URL;
  /** Threads that share one run; the calling one is among them. Default 1: trees gain nothing from more. */
  readonly threads?: number;
}

type OnnxRuntime = typeof import('onnxruntime-node');

/** What `open` finds. */
interface Opened {
  readonly identity: ModelIdentity;
  readonly matrix: FeatureMatrix;
  readonly runtime: OnnxRuntime;
  readonly session: InferenceSession;
  readonly input: string;
  readonly output: string;
}

/**
 * A model in an ONNX file: one input, a matrix of floats `[rows, columns]`; the first output is the prediction, one
 * number for each row (or an array of numbers, where the output has several columns).
 *
 * The description beside it (JSON) gives its name and version, and the features:
 * `{ name, version, features: [{ name, kind: 'number' } | { name, kind: 'text', categories }], sha256? }`.
 *
 * @param path the file, relative to the working directory
 * @throws (from `open`) {ConfigurationError} when a file is missing or damaged, or the two do not belong together
 * @example
 * models: { 'ford-price': onnx('models/ford/ford_price.onnx') }
 */
export function onnx<F extends object, P = number>(path: string | URL, options: OnnxOptions = {}): Model<F, P> {
  return new OnnxModel<F, P>(path, options);
}

class OnnxModel<F extends object, P> implements Model<F, P> {
  readonly #path: string;
  readonly #descriptionPath: string;
  readonly #threads: number;
  #opened: Opened | undefined;
  #lastRun: Promise<unknown> = Promise.resolve();

  constructor(path: string | URL, options: OnnxOptions) {
    this.#path = asPath(path);
    this.#descriptionPath = asPath(options.description ?? this.#path.replace(/(\.onnx)?$/, '.json'));
    this.#threads = options.threads ?? 1;
  }

  get identity(): ModelIdentity {
    return this.#open().identity;
  }

  async open(): Promise<void> {
    const graph = await read(this.#path, 'the model');
    const text = (await read(this.#descriptionPath, 'the description of the model')).toString('utf8');
    const description = parseDescription(text, this.#descriptionPath);
    if (description.sha256 !== undefined && description.sha256 !== sha256(graph)) {
      throw new ConfigurationError(
        `${this.#descriptionPath} describes another file than ${this.#path} (its sha256 differs): ` +
          `one of them was replaced without the other; take both from the same training`,
        this.#path,
      );
    }
    const runtime = await loadRuntime();
    const session = await this.#createSession(runtime, graph);
    const matrix = new FeatureMatrix(description.features);
    const [input, output] = this.#checkShape(session, matrix.width);
    const identity = Object.freeze({ name: description.name, version: description.version });
    this.#opened = { identity, matrix, runtime, session, input, output };
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const predictions: (P | ModelError)[] = [];
    for (let start = 0; start < rows.length; start += ROWS_IN_A_RUN) {
      signal.throwIfAborted();
      predictions.push(...(await this.#run(rows.slice(start, start + ROWS_IN_A_RUN))));
    }
    // An error in the place of a prediction is the error of that row: see batcher().
    return predictions as P[];
  }

  async close(): Promise<void> {
    const session = this.#opened?.session;
    this.#opened = undefined;
    // A session must not go while it is running. Runs end in the order in which they start; who asked gets the error.
    await this.#lastRun.catch(() => undefined);
    await session?.release();
  }

  async #run(rows: readonly F[]): Promise<(P | ModelError)[]> {
    const { identity, matrix, runtime, session, input, output } = this.#open();
    const refused = new Map<number, ModelError>();
    const values = matrix.encode(rows, (row, reason) => {
      refused.set(row, new ModelError(`${nameOf(identity)}: ${reason}`, 'invalid-question', identity));
    });
    const feeds = { [input]: new runtime.Tensor('float32', values, [rows.length, matrix.width]) };
    const run = session.run(feeds, [output]);
    this.#lastRun = run;
    const answer = (await run)[output] as Tensor;
    const [answered, width = 1] = answer.dims;
    if (answered !== rows.length) {
      const message = `the model ${nameOf(identity)} was asked ${rows.length} rows and answered ${answered}`;
      throw new ModelError(message, 'invalid-answer', identity);
    }
    const numbers = Array.from(answer.data as ArrayLike<number | bigint>, Number);
    return rows.map((_, row) => {
      const prediction = width === 1 ? numbers[row] : numbers.slice(row * width, (row + 1) * width);
      return refused.get(row) ?? (prediction as P);
    });
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error(`the model ${this.#path} is not open: await open() first`);
    return this.#opened;
  }

  async #createSession(runtime: OnnxRuntime, graph: Buffer): Promise<InferenceSession> {
    try {
      return await runtime.InferenceSession.create(graph, { intraOpNumThreads: this.#threads, interOpNumThreads: 1 });
    } catch (error) {
      const message = `${this.#path} is no ONNX model that onnxruntime can load: ${asError(error).message}`;
      throw new ConfigurationError(message, this.#path, { cause: error });
    }
  }

  /** The names of the input and the output. */
  #checkShape(session: InferenceSession, width: number): [string, string] {
    const [input, ...more] = session.inputMetadata;
    const [output] = session.outputNames;
    if (input === undefined || output === undefined || more.length > 0 || !input.isTensor || input.type !== 'float32') {
      const found = session.inputMetadata.map((each) => `${each.name}: ${each.isTensor ? each.type : 'no tensor'}`);
      throw new ConfigurationError(
        `${this.#path} takes (${found.join(', ')}); a model here takes one matrix of float32`,
        this.#path,
      );
    }
    const columns = input.shape[1];
    if (typeof columns === 'number' && columns !== width) {
      throw new ConfigurationError(
        `${this.#path} takes ${columns} columns, but the features in ${this.#descriptionPath} make ${width}: ` +
          `take both files from the same training`,
        this.#path,
      );
    }
    return [input.name, output];
  }
}

function asPath(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path;
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigurationError(`${what} cannot be read: ${asError(error).message}`, path, { cause: error });
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Loaded when a model is opened, so that an application without ONNX models does not pay for it. */
async function loadRuntime(): Promise<OnnxRuntime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    const message = `onnxruntime-node cannot be loaded, which models in ONNX need: ${asError(error).message}`;
    throw new ConfigurationError(message, 'onnxruntime-node', { cause: error });
  }
}
