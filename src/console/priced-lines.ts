/**
 * Priced lines for a person: each row while they come slowly; when thousands come in a second, the first of it and one
 * line for the rest.
 */
import type { Clock, Timer } from '../clock.js';
import type { Priced } from './console.js';
import { count, duration, price } from './human-format.js';
import { pricedLine, priceOf } from './priced-line.js';

const WINDOW_MS = 1_000;
/** Rows shown one by one in a window. */
const SHOWN = 10;

export interface PricedLines {
  add(priced: Priced): void;
  /** Says what is held back. */
  close(): void;
}

export function pricedLines(line: (text: string) => void, clock: Clock): PricedLines {
  let window: Timer | undefined;
  let shown = 0;
  let rest = new Summary();

  const endWindow = (): void => {
    window = undefined;
    shown = 0;
    if (rest.rows === 0) return;
    line(rest.text());
    rest = new Summary();
    // Another window at once: it may go on like this.
    window = clock.after(WINDOW_MS, endWindow);
  };

  return {
    add(priced) {
      window ??= clock.after(WINDOW_MS, endWindow);
      if (shown < SHOWN) {
        shown++;
        line(pricedLine(priced));
      } else rest.add(priced);
    },
    close() {
      window?.cancel();
      if (rest.rows > 0) line(rest.text());
      rest = new Summary();
    },
  };
}

class Summary {
  rows = 0;
  private deleted = 0;
  private lowest = Number.POSITIVE_INFINITY;
  private highest = Number.NEGATIVE_INFINITY;
  private slowestMs = 0;

  add({ value, latencyMs }: Priced): void {
    this.rows++;
    this.slowestMs = Math.max(this.slowestMs, latencyMs ?? 0);
    if (value === null) this.deleted++;
    const amount = priceOf(value);
    if (amount === undefined) return;
    this.lowest = Math.min(this.lowest, amount);
    this.highest = Math.max(this.highest, amount);
  }

  text(): string {
    const parts = [`and ${count(this.rows)} more`];
    if (this.deleted > 0) parts.push(`${count(this.deleted)} of them deleted`);
    if (this.highest >= this.lowest) parts.push(`${price(this.lowest)} to ${price(this.highest)}`);
    parts.push(`at most ${duration(this.slowestMs)}`);
    return parts.join('   ');
  }
}
