/** The registry's REST calls: JSON in and out, a time limit, and errors that say what is meant. */
import { asError, ConfigurationError } from '../errors.js';
import { RegistryError, registryAway } from './registry-error.js';

export const REGISTRY_MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

export interface RegistryAddress {
  /** `http://host:port`, with the path where there is one (Apicurio: `/apis/ccompat/v7`). */
  readonly url: string;
  readonly auth?: { readonly username: string; readonly password: string };
  /** Milliseconds until a call counts as unanswered. Default 5,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export class RegistryRest {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;

  /** @throws ConfigurationError when the URL is none */
  constructor({ url, auth, timeoutMs = TIMEOUT_MS }: RegistryAddress) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new ConfigurationError(
        `registry: '${url}' is no address of a schema registry; give one as http://localhost:8081`,
        'registry',
      );
    }
    this.url = url.replace(/\/+$/, '');
    this.#timeoutMs = timeoutMs;
    this.#headers = {
      accept: `${REGISTRY_MEDIA_TYPE}, application/json`,
      'content-type': REGISTRY_MEDIA_TYPE,
      ...(auth === undefined
        ? {}
        : { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }),
    };
  }

  /**
   * @throws RegistryError when it refuses; BrokerError `retriable` when it is away, or does not answer as a registry does
   */
  async call<T>(method: Method, path: string, body?: object): Promise<T> {
    const { status, text } = await this.#ask(method, path, body);
    return readAnswer<T>(this.url, status, parsed(text), text);
  }

  /**
   * Whether this is a registry, and one without such a path: not all have all.
   *
   * @throws BrokerError `retriable` when it is away, or no registry
   */
  async lacks(path: string): Promise<boolean> {
    const { status, text } = await this.#ask('GET', path);
    if (status !== 404 || parsed(text) !== undefined) return false;
    await this.call('GET', '/schemas/types');
    return true;
  }

  async #ask(method: Method, path: string, body?: object): Promise<{ readonly status: number; readonly text: string }> {
    try {
      const response = await fetch(`${this.url}${path}`, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    } catch (thrown) {
      throw registryAway(this.url, `does not answer: ${reasonOf(thrown, this.#timeoutMs)}`, thrown);
    }
  }
}

/**
 * What a registry's answer says.
 *
 * @param json undefined when the answer is no JSON
 */
function readAnswer<T>(url: string, status: number, json: unknown, text: string): T {
  if (status >= 500) throw registryAway(url, `has a problem of its own (HTTP ${status}): ${shortened(text)}`);
  if (json === undefined) {
    throw registryAway(
      url,
      `does not answer as a registry does, with JSON, but (HTTP ${status}): ${shortened(text)}; is the address right?`,
    );
  }
  if (status < 400) return json as T;
  const { error_code: code, message } = json as { readonly error_code?: unknown; readonly message?: unknown };
  throw new RegistryError(
    typeof message === 'string' ? message : shortened(text),
    typeof code === 'number' ? code : status,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What it is instead is said by `readAnswer`.
    return undefined;
  }
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  const error = asError(thrown);
  if (error.name === 'TimeoutError') return `nothing came within ${timeoutMs} ms`;
  // fetch() says "fetch failed", and why in its cause.
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 80)}…` : line || 'nothing';
}
