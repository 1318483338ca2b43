/** Debezium's decimal that carries its own scale: `{ scale, value }`, the value big-endian two's complement. */
import { quotedElement } from './array-literal.js';

/** The decimal as an element of an array literal; a text or number is taken as it is. */
export function decimalText(value: unknown): string {
  if (typeof value === 'string') return quotedElement(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const { scale, value: bytes } = (value ?? {}) as { scale?: unknown; value?: unknown };
  if (typeof scale !== 'number' || !(bytes instanceof Uint8Array)) {
    throw new TypeError('it is not a decimal with its scale: { scale, value }');
  }
  const bits = bytes.length * 8;
  const unscaled = bits === 0 ? 0n : BigInt.asIntN(bits, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  return `${unscaled}e${-scale}`;
}
