/** The console of what collects logs: pino's lines, one JSON object each. */
import { pino } from 'pino';
import { type Console, unaccounted } from './console.js';
import type { Output } from './output.js';

/** What a process without a screen says. */
export type Log = Pick<Console, 'status' | 'message' | 'close'>;

/**
 * Lines with `level` (a word), `time` (ISO), `event` (`status`, or the level), `message`, what is bound, and what a
 * message is about: `task`, `topic`, `partition`, `offset`.
 *
 * @param bound on every line: which application and instance
 * @example
 * const log = logConsole({ out: process.stdout, bound: { 'application.id': 'car-prices', 'instance.id': 'a-0' } });
 * log.message('warn', 'skip: …', { topic: 'cars', partition: 0, offset: 12 });
 */
export function logConsole({ out, bound }: { readonly out: Output; readonly bound: object }): Log {
  const logger = pino(
    {
      base: { ...bound },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    out,
  );
  return {
    status(status) {
      const lost = unaccounted(status);
      logger.info({ event: 'status', ...status, ...(lost === 0 ? {} : { unaccounted: lost }) });
    },
    message: (level, text, about) => logger[level]({ event: level, ...about }, text),
    close: () => {},
  };
}
