/** Numbers and texts as a person reads them. */

const pounds = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' });
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** `£12,345.68` */
export function price(amount: number): string {
  return pounds.format(amount);
}

/** `12,346` */
export function count(number: number): string {
  return whole.format(number);
}

/** `0.4 ms`, `12 ms`, `3.4 s` */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${oneDecimal.format(ms / 1_000)} s`;
  return `${(ms < 10 ? oneDecimal : whole).format(ms)} ms`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.2 MB` */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${oneDecimal.format(value)} ${UNITS[unit]}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** A text from outside on one line, without anything that would move the terminal's cursor. */
export function onOneLine(text: string): string {
  return text.replace(CONTROL, ' ').trim();
}
