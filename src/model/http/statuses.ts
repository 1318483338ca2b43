/**
 * What the status of an answer means for the rows that were asked about.
 *
 * | what comes | means | again at once? | and then |
 * |---|---|---|---|
 * | 200 to 299 | `answer` | | the rows have their predictions |
 * | 400, 413, 422 | `refused`: a row is not what the model takes | no | halves, until the guilty row is alone: its error |
 * | 500 and other 5xx | `stumbled`: the service failed over these rows | yes | as 400 |
 * | no JSON, another number of rows | an answer that cannot be used | no | as 400 |
 * | NaN, null, Infinity in the place of a prediction | that row has no answer | no | that row's error |
 * | 408, 425, 429, 502, 503, 504 | `away` | yes, unless it says when (`Retry-After`) | the rows wait |
 * | no connection, closed half way | `away` | yes | the rows wait |
 * | no answer in time | | yes | a timeout, if the service shows that it is there; else the rows wait |
 * | anything else: 3xx, 401, 403, 404 … | `misconfigured` | no | the application stops, and commits nothing of them |
 *
 * Before a row gets an error of its own the service must say that it is ready: one that is not is away.
 */
export type Meaning = 'answer' | 'refused' | 'stumbled' | 'away' | 'misconfigured';

const AWAY = new Set([408, 425, 429, 502, 503, 504]);
const REFUSED = new Set([400, 413, 422]);

export function meaningOf(status: number): Meaning {
  if (status >= 200 && status < 300) return 'answer';
  if (AWAY.has(status)) return 'away';
  if (REFUSED.has(status)) return 'refused';
  return status >= 500 ? 'stumbled' : 'misconfigured';
}

/**
 * Milliseconds of a `Retry-After` header: seconds, or a date (RFC 9110, 10.2.3); undefined when there is none that can
 * be read.
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
