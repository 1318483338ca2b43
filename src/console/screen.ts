/**
 * Where lines go: a terminal keeps the status on its last line and rewrites it there; a file or a pipe gets a status
 * line now and then.
 */
import type { Clock } from '../clock.js';
import type { OutputWriter } from './output.js';

export interface Screen {
  line(text: string): void;
  status(text: string): void;
  close(): void;
}

const CLEAR_LINE = '\r\u001b[2K';
const DEFAULT_COLUMNS = 80;

/** @param columns the terminal's width, asked each time because windows are resized */
export function terminalScreen(out: OutputWriter, columns: () => number | undefined): Screen {
  let status = '';
  // A status longer than the line would wrap, and could not be rewritten.
  const fitted = (): string => [...status].slice(0, (columns() ?? DEFAULT_COLUMNS) - 1).join('');
  return {
    line(text) {
      out.write(status === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${fitted()}`);
    },
    status(text) {
      if (text === status) return;
      status = text;
      out.write(`${CLEAR_LINE}${fitted()}`);
    },
    close() {
      if (status !== '') out.write(`${CLEAR_LINE}${status}\n`);
      status = '';
    },
  };
}

/** Milliseconds between two status lines in a file. */
const STATUS_EVERY_MS = 5_000;

export function plainScreen(out: OutputWriter, clock: Clock): Screen {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shown = '';
  let latest = '';
  return {
    line: (text) => out.write(`${text}\n`),
    status(text) {
      latest = text;
      if (text === shown || clock.now() - shownAt < STATUS_EVERY_MS) return;
      shownAt = clock.now();
      shown = text;
      out.write(`${text}\n`);
    },
    close() {
      // The last word is the one that counts.
      if (latest !== shown) out.write(`${latest}\n`);
      shown = latest;
    },
  };
}
