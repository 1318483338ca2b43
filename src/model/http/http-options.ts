import { z } from 'zod';
import { ConfigurationError } from '../../errors.js';

/** How a service is called. Times in milliseconds. */
export interface HttpOptions {
  /** Sent with every request, e.g. `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Longest wait for the answer to one request. Default 5,000. */
  readonly timeout?: number;
  /** Longest wait for a connection. Default 1,000. */
  readonly connectTimeout?: number;
  /** How often a request is repeated at once before the service counts as away; 0: never. Default 2. */
  readonly retries?: number;
  /** Wait before the first repetition; doubles, with jitter. Default 100. */
  readonly backoff?: number;
  /** Most requests under way at once, each on a connection of its own that is kept open. Default 8. */
  readonly connections?: number;
  /** Requests in a row that find the service away until it is left alone. Default 5. */
  readonly breakAfter?: number;
  /** How long it is left alone then, until one request may try. Default 1,000. */
  readonly halfOpenAfter?: number;
}

const milliseconds = z.int().positive();

const schema = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  timeout: milliseconds.default(5_000),
  connectTimeout: milliseconds.default(1_000),
  retries: z.int().nonnegative().default(2),
  backoff: milliseconds.default(100),
  connections: z.int().positive().default(8),
  breakAfter: z.int().positive().default(5),
  halfOpenAfter: milliseconds.default(1_000),
});

export type CheckedHttpOptions = z.infer<typeof schema>;

/** @throws {ConfigurationError} naming the option that is wrong */
export function checkHttpOptions(options: HttpOptions): CheckedHttpOptions {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const setting = issue?.path.join('.') ?? '';
  throw new ConfigurationError(`${setting}: ${issue?.message}`, setting, { cause: result.error });
}

/** The address of a service, without a slash at the end. */
export function checkUrl(url: string | URL): URL {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new ConfigurationError(`url: '${text}' is no http(s) address, e.g. http://127.0.0.1:3000`, 'url');
  }
  parsed.pathname = parsed.pathname.replace(/\/+$/, '');
  return parsed;
}
