/** The bits of a double as `Long.toHexString(Double.doubleToLongBits(…))` shows them: one NaN, no zeros before the first digit. */
export function bits(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return Number.isNaN(value) ? '7ff8000000000000' : bytes.toString('hex').replace(/^0+(?=.)/, '');
}
