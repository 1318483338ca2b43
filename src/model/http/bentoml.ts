/** Models in BentoML 1.4 services (https://docs.bentoml.com): `@bentoml.api` methods, asked by POST with JSON. */
import { ConfigurationError } from '../../errors.js';
import { BatchRefused } from '../batch-refused.js';
import type { FeatureRanges } from '../feature-ranges.js';
import type { BatchingOptions, Model, ModelFigures, ModelIdentity } from '../model.js';
import { blame, type IdentityOptions, readIdentity, withRefused, writeRows } from './http-model.js';
import { checkHttpOptions, checkUrl, type HttpOptions } from './http-options.js';
import { HttpService } from './http-service.js';

/** What {@link bentoml} is told. */
export interface BentomlOptions<F, P> extends IdentityOptions, HttpOptions {
  /** The route of the API method. Default: `/predict`. */
  readonly route?: string;
  /**
   * The name of the method's parameter: the body is `{ [parameter]: … }`. Leave it out where the parameter is
   * positional-only (`def predict(self, car: Car, /)`): then it is the whole body.
   */
  readonly parameter?: string;
  /** The method takes a list of rows and gives a list of answers (also one that is `batchable=True`). */
  readonly batch?: {
    /** Most rows of one call; no more than the method's `max_batch_size`, where it is batchable. Default 1,024. */
    readonly maxRows?: number;
  };
  /** What is sent of the features of one row. Default: they themselves. */
  readonly write?: (features: F) => unknown;
  /** The prediction in the answer for one row; throws when it is none. Default: the answer itself. */
  readonly read?: (answer: unknown) => P;
}

/**
 * A model in a BentoML service.
 *
 * Without `batch` each row is a request of its own, `connections` of them at once; with it one request carries many, which
 * is much faster. What is repeated, what is a row's own fault and what makes the application wait: `docs/models.md`.
 * A number that is NaN is sent as null: JSON has no other word for it.
 *
 * @param url of the service
 * @throws {ConfigurationError} for an address or option that is wrong; from `open` when it has no name and version
 * @example
 * models: {
 *   'ford-price': bentoml('http://127.0.0.1:3000', {
 *     route: '/predict_batch', parameter: 'cars', batch: {}, description: 'models/ford/ford_price.json',
 *   }),
 * }
 */
export function bentoml<F extends object, P = number>(
  url: string | URL,
  options: BentomlOptions<F, P> = {},
): Model<F, P> {
  return new BentomlModel<F, P>(url, options);
}

interface Opened {
  readonly service: HttpService;
  readonly identity: ModelIdentity;
  readonly ranges: FeatureRanges | undefined;
}

class BentomlModel<F extends object, P> implements Model<F, P> {
  readonly batching: BatchingOptions;
  readonly #url: URL;
  readonly #options: BentomlOptions<F, P>;
  readonly #route: string;
  #opened: Opened | undefined;

  constructor(url: string | URL, options: BentomlOptions<F, P>) {
    this.#url = checkUrl(url);
    const { connections } = checkHttpOptions(options);
    this.#options = options;
    this.#route = options.route ?? '/predict';
    if (!this.#route.startsWith('/')) {
      throw new ConfigurationError(`route: '${this.#route}' does not begin with a slash, as in '/predict'`, 'route');
    }
    this.batching = options.batch === undefined ? { maxRows: 1, maxConcurrent: connections } : { ...options.batch };
  }

  get identity(): ModelIdentity {
    return this.#open().identity;
  }

  get figures(): ModelFigures {
    const { service, ranges } = this.#open();
    return { ...service.figures, ...(ranges === undefined ? {} : { outside: ranges.outside }) };
  }

  /** Does not connect: a service that is away is waited for when it is asked. */
  async open(): Promise<void> {
    const { identity, ranges } = await readIdentity(this.#options, `bentoml('${this.#url.href}')`);
    this.#opened = { identity, ranges, service: new HttpService(this.#url, identity, this.#options) };
  }

  async predict(rows: readonly F[], signal: AbortSignal): Promise<readonly P[]> {
    const { identity, ranges } = this.#open();
    ranges?.look(rows);
    const { texts, refused } = writeRows(rows, this.#options.write ?? asItIs, identity);
    if (texts.length === 0) return withRefused<P>(rows.length, refused, []);
    const answers =
      this.#options.batch === undefined
        ? await Promise.all(texts.map((text) => this.#askOne(text, signal)))
        : await this.#ask(`[${texts.join(',')}]`, texts.length, (it) => this.#predictions(it, texts.length), signal);
    return withRefused(rows.length, refused, answers);
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#open().service.probe('/readyz', signal);
  }

  async close(): Promise<void> {
    await this.#opened?.service.close();
  }

  /** The prediction for one row, or the error in its place. */
  async #askOne(json: string, signal: AbortSignal): Promise<P> {
    try {
      return await this.#ask(json, 1, (answer) => this.#prediction(answer), signal);
    } catch (thrown) {
      if (thrown instanceof BatchRefused) return thrown.error as P;
      throw thrown;
    }
  }

  async #ask<A>(json: string, rows: number, read: (answer: unknown) => A, signal: AbortSignal): Promise<A> {
    const { parameter } = this.#options;
    const body = parameter === undefined ? json : `{${JSON.stringify(parameter)}:${json}}`;
    try {
      return await this.#open().service.post(this.#route, body, read, signal);
    } catch (thrown) {
      return await blame(thrown, rows, () => this.probe(signal));
    }
  }

  #predictions(answer: unknown, rows: number): readonly P[] {
    if (!Array.isArray(answer)) throw new Error(`was asked ${rows} rows and answered no list of them`);
    if (answer.length !== rows) throw new Error(`was asked ${rows} rows and answered ${answer.length}`);
    return answer.map((each) => this.#prediction(each));
  }

  #prediction(answer: unknown): P {
    const { read } = this.#options;
    return read === undefined ? (answer as P) : read(answer);
  }

  #open(): Opened {
    if (this.#opened === undefined) throw new Error(`the model at ${this.#url.href} is not open: await open() first`);
    return this.#opened;
  }
}

function asItIs<F>(features: F): unknown {
  return features;
}
