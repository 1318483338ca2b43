/** The console of a program: one JSON object a line, every row among them. */
import type { Console } from './console.js';
import { unaccounted } from './console.js';
import { type Output, outputWriter } from './output.js';

/**
 * Events, one a line: `ready`, `priced`, `status`, and `info`, `warn` and `error` with a `message`.
 *
 * A bigint is a number where a number can hold it and its digits in a string where not; bytes are base64.
 *
 * @example
 * const console = jsonConsole({ out: process.stdout });
 * console.priced({ key: { id: 7 }, value: { suggestedprice: 11999.5 }, latencyMs: 12 });
 * // {"event":"priced","key":{"id":7},"value":{"suggestedprice":11999.5},"latencyMs":12}
 */
export function jsonConsole({ out }: { readonly out: Output }): Console {
  const writer = outputWriter(out);
  const say = (event: string, fields: object): void => {
    writer.write(`${JSON.stringify({ event, ...fields }, plainValue)}\n`);
  };
  return {
    ready: (ready) => say('ready', ready),
    priced: ({ key, value, latencyMs }) => say('priced', { key, value, latencyMs: tenths(latencyMs) }),
    status(status) {
      const lost = unaccounted(status);
      say('status', lost === 0 ? status : { ...status, unaccounted: lost });
    },
    message: (level, text, about) => say(level, { message: text, ...about }),
    close: () => writer.close(),
  };
}

function plainValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  // A Buffer has turned itself into { type, data } by the time it arrives here.
  const original = (this as Record<string, unknown>)[key];
  return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : value;
}

function tenths(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}
