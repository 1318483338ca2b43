/**
 * Models behind the Open Inference Protocol, version 2, REST (KServe, Triton, MLServer):
 * https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
import { z } from 'zod';
import { ConfigurationError } from '../../errors.js';
import type { FeatureRanges } from '../feature-ranges.js';
import type { BatchingOptions, Model, ModelFigures, ModelIdentity } from '../model.js';
import { ModelError, nameOf } from '../model-error.js';
import { blame, type IdentityOptions, readIdentity, withRefused } from './http-model.js';
import { checkHttpOptions, checkUrl, type HttpOptions } from './http-options.js';
import { HttpService } from './http-service.js';
import { InferenceInputs, type InputTensor } from './inference-inputs.js';

/** What {@link openInference} is told. */
export interface OpenInferenceOptions<F, P> extends Omit<IdentityOptions, 'name'>, HttpOptions {
  /** The input tensors by their names, each made of the features of a row. */
  readonly inputs: Readonly<Record<string, InputTensor<F>>>;
  /** The output that is the prediction. Default: the first. */
  readonly output?: string;
  /** Most rows of one call; no more than the server's `max_batch_size`. Default 1,024. */
  readonly maxRows?: number;
  /** The prediction in the values of one row. Default: the value, or the list of them where there are several. */
  readonly read?: (values: readonly (number | string | boolean)[]) => P;
}

/**
 * A model of a server that speaks the Open Inference Protocol.
 *
 * The version that is asked is the one of the options or of the description; without either the one that the server has,
 * if it says that it has just one: then the server must be there when the application starts.
 *
 * @param url of the server
 * @param model its name there
 * @throws {ConfigurationError} for an address or option that is wrong; from `open` when the version is not known
 * @example
 * models: {
 *   'ford-price': openInference('http://127.0.0.1:8000', 'ford_price', {
 *     version: '1',
 *     inputs: { year: { datatype: 'FP32', value: (car: FordFeatures) => car.year }, … },
 *   }),
 * }
 */
export function openInference<F extends object, P = number>(
  url: string | URL,
  model: string,
  options: OpenInferenceOptions<F, P>,
): Model<F, P> {
  return new OpenInferenceModel<F, P>(url, model, options);
}

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);
const inferred = z.object({
  outputs: z
    .array(z.object({ name: z.string(), shape: z.array(z.number()), datatype: z.string(), data: z.array(z.unknown()) }))
    .min(1),
});
const metadata = z.object({ versions: z.array(z.string()).optional() });

interface Opened {
  readonly service: HttpService;
  readonly identity: ModelIdentity;
  readonly ranges: FeatureRanges | undefined;
  /** Of the model and version on the server. */
  readonly path: string;
}

class OpenInferenceModel<F extends object, P> implements Model<F, P> {
  readonly batching: BatchingOptions;
  readonly #url: URL;
  readonly #name: string;
  readonly #options: OpenInferenceOptions<F, P>;
  readonly #inputs: InferenceInputs<F>;
  #opened: Opened | undefined;

  constructor(url: string | URL, model: string, options: OpenInferenceOptions<F, P>) {
    this.#url = checkUrl(url);
    checkHttpOptions(options);
    this.#name = model;
    this.#options = options;
    this.#inputs = new InferenceInputs(options.inputs);
    this.batching = options.maxRows === undefined ? {} : { maxRows: options.maxRows };
  }

  get identity(): ModelIdentity {
    return this.#open().identity;
  }

  get figures(): ModelFigures {
    const { service, ranges } = this.#open();
    return { ...service.figures, ...(ranges === undefined ? {} : { outside: ranges.outside }) };
  }

  /** Connects only when the version is not given: a server that is away is waited for when it is asked. */
  async open(): Promise<void> {
    const { description, version } = this.#options;
    const options = { name: this.#name, version: version ?? (await this.#onlyVersion()) };
    const { identity, ranges } = await readIdentity(
      { ...options, ...(description === undefined ? {} : { description }) },
      `openInference('${this.#url.href}', '${this.#name}')`,
    );
    const path = `${this.#modelPath}/versions/${encodeURIComponent(identity.version)}`;
    this.#opened = { identity, ranges, path, service: new HttpService(this.#url, identity, this.#options) };
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const { identity, ranges, service, path } = this.#open();
    ranges?.look(rows);
    const { body, asked, refused } = this.#inputs.write(rows, identity);
    if (asked === 0) return withRefused<P>(rows.length, refused, []);
    try {
      const answers = await service.post(`${path}/infer`, body, (answer) => this.#read(answer, asked), signal);
      return withRefused(rows.length, refused, answers);
    } catch (thrown) {
      return await blame(thrown, asked, () => this.probe(signal));
    }
  }

  async probe(signal: AbortSignal): Promise<void> {
    const { service, path } = this.#open();
    await service.probe(`${path}/ready`, signal);
  }

  async close(): Promise<void> {
    await this.#opened?.service.close();
  }

  get #modelPath(): string {
    return `/v2/models/${encodeURIComponent(this.#name)}`;
  }

  /** The version of a description is read with it; else the server is asked. */
  async #onlyVersion(): Promise<string> {
    const { description } = this.#options;
    if (description !== undefined) {
      const { identity } = await readIdentity({ description }, this.#name);
      return identity.version;
    }
    const service = new HttpService(this.#url, { name: this.#name, version: '?' }, this.#options);
    const setting = 'version';
    try {
      const { timeout } = checkHttpOptions(this.#options);
      const { versions = [] } = metadata.parse(await service.get(this.#modelPath, AbortSignal.timeout(timeout)));
      const [only, ...more] = versions;
      if (only !== undefined && more.length === 0) return only;
      const has =
        versions.length === 0 ? 'does not say which version it has' : `has the versions ${versions.join(', ')}`;
      throw new ConfigurationError(`the server of the model '${this.#name}' ${has}: give the version`, setting);
    } catch (thrown) {
      if (thrown instanceof ConfigurationError) throw thrown;
      const message = `the version of the model '${this.#name}' is not given, and its server cannot be asked: ${thrown}`;
      throw new ConfigurationError(message, setting, { cause: thrown });
    } finally {
      await service.close();
    }
  }

  #read(answer: unknown, rows: number): readonly P[] {
    const parsed = inferred.safeParse(answer);
    if (!parsed.success) throw new Error(`answered no inference: ${z.prettifyError(parsed.error)}`);
    const { outputs } = parsed.data;
    const wanted = this.#options.output ?? outputs[0]!.name;
    const output = outputs.find(({ name }) => name === wanted);
    if (output === undefined) {
      throw new Error(`gave no output '${wanted}', but ${outputs.map(({ name }) => `'${name}'`).join(', ')}`);
    }
    const [answered] = output.shape;
    if (answered !== rows) throw new Error(`was asked ${rows} rows and answered ${answered}`);
    // Tensors may come flat or nested, as the protocol allows.
    const values = z.array(scalar).parse(output.data.flat(Number.POSITIVE_INFINITY));
    if (values.length === 0) throw new Error(`gave no prediction for ${rows} rows`);
    if (values.length % rows !== 0) throw new Error(`gave ${values.length} values for ${rows} rows`);
    const width = values.length / rows;
    return Array.from({ length: rows }, (_, row) => this.#prediction(values.slice(row * width, (row + 1) * width)));
  }

  #prediction(values: readonly (number | string | boolean | null)[]): P {
    const missing = values.some((value) => value === null);
    if (missing) {
      const { identity } = this.#open();
      const message = `the model ${nameOf(identity)} answered null, which is no prediction`;
      return new ModelError(message, 'invalid-answer', identity) as P;
    }
    const { read } = this.#options;
    if (read !== undefined) return read(values as readonly (number | string | boolean)[]);
    return (values.length === 1 ? values[0] : values) as P;
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error(`the model '${this.#name}' is not open: await open() first`);
    return this.#opened;
  }
}
