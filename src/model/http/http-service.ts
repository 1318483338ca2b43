/**
 * A model service behind HTTP: connections that are kept open, one policy for what may go wrong (see `statuses.ts`).
 *
 * From the outside in: no more requests than connections; repeated with growing waits; left alone for a while after too
 * many in a row that found nobody; each given up after its time.
 */
import {
  BrokenCircuitError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { Pool } from 'undici';
import { asError, ConfigurationError } from '../../errors.js';
import type { ModelFigures, ModelIdentity } from '../model.js';
import { ModelAway } from '../model-away.js';
import { ModelError, nameOf } from '../model-error.js';
import { HttpFigures } from './http-figures.js';
import { type CheckedHttpOptions, checkHttpOptions, checkUrl, type HttpOptions } from './http-options.js';
import { meaningOf, retryAfterMs } from './statuses.js';

/** Most characters of an answer that a message quotes. */
const QUOTED = 300;
const CIRCUITS = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
} as const;

export class HttpService {
  readonly identity: ModelIdentity;
  readonly #url: URL;
  readonly #options: CheckedHttpOptions;
  readonly #pool: Pool;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #policy: IPolicy<{ signal: AbortSignal }>;
  readonly #figures = new HttpFigures();

  /** @throws {ConfigurationError} for an address or an option that is wrong */
  constructor(url: string | URL, identity: ModelIdentity, options: HttpOptions) {
    this.identity = identity;
    this.#url = checkUrl(url);
    this.#options = checkHttpOptions(options);
    const { connections, connectTimeout, retries, backoff, breakAfter, halfOpenAfter } = this.#options;
    this.#pool = new Pool(this.#url.origin, {
      connections,
      connect: { timeout: connectTimeout },
      // The policy gives a request its time.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#breaker = circuitBreaker(
      handleWhen((error) => error instanceof ModelAway),
      { halfOpenAfter, breaker: new ConsecutiveBreaker(breakAfter) },
    );
    this.#policy = wrap(
      bulkhead(connections, Number.MAX_SAFE_INTEGER),
      retry(handleWhen(mayBeRepeated), {
        maxAttempts: retries,
        backoff: new ExponentialBackoff({ initialDelay: backoff }),
      }),
      this.#breaker,
      timeout(this.#options.timeout, TimeoutStrategy.Aggressive),
    );
  }

  get connections(): number {
    return this.#options.connections;
  }

  get figures(): ModelFigures {
    return this.#figures.snapshot(CIRCUITS[this.#breaker.state]);
  }

  /**
   * Posts JSON and reads the answer.
   *
   * @param path below the address of the service
   * @param read what the parsed answer says; what it throws is why the answer cannot be used
   * @throws {ModelAway | ConfigurationError | ModelError} by the table in `statuses.ts`
   */
  async post<A>(path: string, body: string, read: (answer: unknown) => A, signal: AbortSignal): Promise<A> {
    let attempts = 0;
    try {
      return await this.#policy.execute(({ signal: ofAttempt }) => {
        attempts += 1;
        return this.#attempt(path, body, read, ofAttempt);
      }, signal);
    } catch (thrown) {
      throw this.#translated(path, asError(thrown));
    } finally {
      this.#figures.settled(Math.max(0, attempts - 1));
    }
  }

  /** @throws {ModelAway} when the service does not say that it is ready; {ConfigurationError} when it refuses to say */
  async probe(path: string, signal: AbortSignal): Promise<void> {
    const { status, text, headers } = await this.#request('GET', path, undefined, signal);
    const meaning = meaningOf(status);
    if (meaning === 'answer') return;
    if (status === 401 || status === 403) throw this.#misconfigured(path, status, text);
    throw new ModelAway(
      this.#said(path, status, text),
      meaning === 'away' ? retryAfterMs(headers['retry-after'], Date.now()) : undefined,
    );
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Parsed JSON of an answer to GET. @throws {ModelAway | ConfigurationError | ModelError} as `post` */
  async get(path: string, signal: AbortSignal): Promise<unknown> {
    const { status, text } = await this.#request('GET', path, undefined, signal);
    const meaning = meaningOf(status);
    if (meaning === 'misconfigured' || meaning === 'refused') throw this.#misconfigured(path, status, text);
    if (meaning !== 'answer') throw new ModelAway(this.#said(path, status, text));
    return this.#parsed(path, text);
  }

  async #attempt<A>(path: string, body: string, read: (answer: unknown) => A, signal: AbortSignal): Promise<A> {
    const { status, text, headers } = await this.#request('POST', path, body, signal);
    switch (meaningOf(status)) {
      case 'answer':
        return this.#read(path, text, read);
      case 'refused':
        throw new ModelError(this.#said(path, status, text), 'invalid-question', this.identity);
      case 'stumbled':
        throw new ModelError(this.#said(path, status, text), 'failed', this.identity);
      case 'away':
        throw new ModelAway(this.#said(path, status, text), retryAfterMs(headers['retry-after'], Date.now()));
      case 'misconfigured':
        throw this.#misconfigured(path, status, text);
    }
  }

  async #request(method: 'GET' | 'POST', path: string, body: string | undefined, signal: AbortSignal) {
    const startedAt = performance.now();
    const count = (outcome: number | 'no answer') => {
      this.#figures.requested(outcome, performance.now() - startedAt);
    };
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await this.#pool.request({
        method,
        path: `${this.#url.pathname === '/' ? '' : this.#url.pathname}${path}${this.#url.search}`,
        headers: { ...this.#options.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body ?? null,
        signal,
      });
      const text = await answer.text();
      count(statusCode);
      return { status: statusCode, text, headers };
    } catch (thrown) {
      count('no answer');
      signal.throwIfAborted();
      throw this.#unreachable(path, asError(thrown));
    }
  }

  #read<A>(path: string, text: string, read: (answer: unknown) => A): A {
    const answer = this.#parsed(path, text);
    try {
      return read(answer);
    } catch (thrown) {
      const message = `${this.#where(path)}: ${asError(thrown).message}`;
      throw new ModelError(message, 'invalid-answer', this.identity, { cause: thrown });
    }
  }

  #parsed(path: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      const message = `${this.#where(path)} answered what is no JSON: ${quoted(text)}`;
      throw new ModelError(message, 'invalid-answer', this.identity, { cause: error });
    }
  }

  /** What the policy threw, in our words. */
  #translated(path: string, error: Error): Error {
    if (error instanceof TaskCancelledError) {
      const message = `${this.#where(path)} gave no answer within ${this.#options.timeout} ms`;
      return new ModelError(message, 'timeout', this.identity, { cause: error });
    }
    if (!(error instanceof BrokenCircuitError)) return error;
    const failure = this.#breaker.lastFailure;
    const last = failure !== undefined && 'error' in failure ? failure.error.message : 'it could not be reached';
    return new ModelAway(`the circuit is open: ${last}`, undefined, { cause: error });
  }

  #unreachable(path: string, error: Error): Error {
    const code = 'code' in error ? String(error.code) : '';
    const reason = [code, error.message].filter((part) => part !== '').join(', ');
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|INVALID_ARG/.test(code)) {
      return new ConfigurationError(`${this.#where(path)} cannot be asked: ${reason}`, 'url', { cause: error });
    }
    return new ModelAway(`${this.#where(path)} is not to be reached: ${reason}`, undefined, { cause: error });
  }

  #misconfigured(path: string, status: number, text: string): ConfigurationError {
    const hint =
      status === 401 || status === 403
        ? 'check the credentials in its headers'
        : status === 404
          ? 'check its address and its route'
          : 'check how it is asked';
    return new ConfigurationError(
      `the model ${nameOf(this.identity)} refuses to be asked: ${this.#said(path, status, text)}; ${hint}`,
      'url',
    );
  }

  #said(path: string, status: number, text: string): string {
    return `${this.#where(path)} answered ${status}${text.trim() === '' ? '' : `: ${quoted(text)}`}`;
  }

  #where(path: string): string {
    return `${this.#url.origin}${this.#url.pathname === '/' ? '' : this.#url.pathname}${path}`;
  }
}

/** What may go well the next time: nobody there, no answer in time, a service that stumbled. */
function mayBeRepeated(error: Error): boolean {
  if (error instanceof ModelAway) return error.retryAfterMs === undefined;
  if (error instanceof ModelError) return error.kind === 'failed';
  return error instanceof TaskCancelledError;
}

function quoted(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
}
