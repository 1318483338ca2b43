/** Models in ONNX, computed in this process by `onnxruntime-node`, in a thread of their own. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { asError, ConfigurationError } from '../errors.js';
import { FeatureMatrix } from './feature-matrix.js';
import { FeatureRanges } from './feature-ranges.js';
import type { Model, ModelFigures, ModelIdentity } from './model.js';
import { ModelError, nameOf } from './model-error.js';
import { parseDescription } from './onnx-description.js';
import { OnnxSession } from './onnx-session.js';

/** What {@link onnx} is told. */
export interface OnnxOptions {
  /** The description of the features. Default: the file beside the model that ends in `.json` instead of `.onnx`. */
  readonly description?: string | URL;
  /** The output that is the prediction. Default: the first. */
  readonly output?: string;
  /** Threads that share one batch. Default 1: trees gain nothing from more. */
  readonly threads?: number;
}

/** What `open` finds. */
interface Opened {
  readonly identity: ModelIdentity;
  readonly matrix: FeatureMatrix;
  readonly ranges: FeatureRanges;
  readonly session: OnnxSession;
  readonly input: string;
  readonly output: string;
}

/**
 * A model in an ONNX file: one input, a matrix of floats `[rows, columns]`; one output is the prediction, a
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
  readonly #options: OnnxOptions;
  #opened: Opened | undefined;
  /** Outlives the session: an application that is ending still tells of its models. */
  #known: Pick<Opened, 'identity' | 'ranges'> | undefined;

  constructor(path: string | URL, options: OnnxOptions) {
    this.#path = asPath(path);
    this.#descriptionPath = asPath(options.description ?? this.#path.replace(/(\.onnx)?$/, '.json'));
    this.#options = options;
  }

  get identity(): ModelIdentity {
    return (this.#known ?? this.#open()).identity;
  }

  get figures(): ModelFigures {
    return { outside: this.#known?.ranges.outside ?? {} };
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
    const matrix = new FeatureMatrix(description.features);
    const ranges = new FeatureRanges(description.features);
    const identity = Object.freeze({ name: description.name, version: description.version });
    const session = await OnnxSession.open(graph, this.#path, this.#options.threads ?? 1);
    try {
      this.#known = { identity, ranges };
      this.#opened = { identity, matrix, ranges, session, ...this.#checkShape(session, matrix.width) };
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    signal.throwIfAborted();
    const { identity, matrix, ranges, session, input, output } = this.#open();
    ranges.look(rows);
    const refused = new Map<number, ModelError>();
    const values = matrix.encode(rows, (row, reason) => {
      refused.set(row, new ModelError(`${nameOf(identity)}: ${reason}`, 'invalid-question', identity));
    });
    const { data, dims } = await session.compute(input, output, values, rows.length);
    const [answered, width = 1] = dims;
    if (answered !== rows.length) {
      const message = `the model ${nameOf(identity)} was asked ${rows.length} rows and answered ${answered}`;
      throw new ModelError(message, 'invalid-answer', identity);
    }
    const numbers = Array.from(data, Number);
    const predictions = width === 1 ? numbers : rows.map((_, row) => numbers.slice(row * width, (row + 1) * width));
    // An error in the place of a prediction is the error of that row: see batcher().
    return (refused.size === 0 ? predictions : predictions.map((each, row) => refused.get(row) ?? each)) as P[];
  }

  async close(): Promise<void> {
    const session = this.#opened?.session;
    this.#opened = undefined;
    await session?.close();
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error(`the model ${this.#path} is not open: await open() first`);
    return this.#opened;
  }

  #checkShape({ inputs, outputs }: OnnxSession, width: number): { input: string; output: string } {
    const [input, ...more] = inputs;
    if (input === undefined || more.length > 0 || !input.isTensor || input.type !== 'float32') {
      throw this.#mismatch(`takes (${shown(inputs)}); a model here takes one matrix of float32`);
    }
    const columns = input.shape[1];
    if (typeof columns === 'number' && columns !== width) {
      throw this.#mismatch(
        `takes ${columns} columns, but the features in ${this.#descriptionPath} make ${width}: ` +
          `take both files from the same training`,
      );
    }
    const wanted = this.#options.output ?? outputs[0]?.name;
    const output = outputs.find(({ name }) => name === wanted);
    if (output === undefined || !output.isTensor || output.type === 'string') {
      throw this.#mismatch(`gives (${shown(outputs)}); '${wanted}' is no tensor of numbers among them`);
    }
    return { input: input.name, output: output.name };
  }

  #mismatch(message: string): ConfigurationError {
    return new ConfigurationError(`${this.#path} ${message}`, this.#path);
  }
}

function shown(values: OnnxSession['inputs']): string {
  return values.map((value) => `${value.name}: ${value.isTensor ? value.type : 'no tensor'}`).join(', ');
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
