/** The console of a person. */
import type { Clock } from '../clock.js';
import type { Console } from './console.js';
import { onOneLine } from './human-format.js';
import { type Output, outputWriter } from './output.js';
import { pricedLines } from './priced-lines.js';
import { plainScreen, terminalScreen } from './screen.js';
import { statusLine } from './status-line.js';

export interface ConsoleParts {
  readonly out: Output;
  readonly clock: Clock;
}

/**
 * Lines for a person; on a terminal the status stays on the last one.
 *
 * @example
 * const console = humanConsole({ out: process.stdout, clock: systemClock });
 * console.ready({ postgres: url, home: '/home/ann/.millrace' });
 */
export function humanConsole({ out, clock }: ConsoleParts): Console {
  const writer = outputWriter(out);
  const screen = out.isTTY === true ? terminalScreen(writer, () => out.columns) : plainScreen(writer, clock);
  const priced = pricedLines((text) => screen.line(text), clock);
  return {
    ready({ postgres, home, registry }) {
      const parts = [`ready   ${postgres}`, `data in ${home}`];
      if (registry !== undefined) parts.push(`registry ${registry}`);
      screen.line(parts.join('   '));
    },
    priced: (row) => priced.add(row),
    status: (status) => screen.status(statusLine(status)),
    message(level, text) {
      const lines = text.split('\n').map(onOneLine);
      screen.line(level === 'info' ? lines.join('\n') : `${level}: ${lines.join('\n  ')}`);
    },
    close() {
      priced.close();
      screen.close();
      writer.close();
    },
  };
}
