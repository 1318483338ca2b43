/**
 * Decimals between their text and Connect's bytes: the unscaled value as a big-endian two's complement, as
 * `java.math.BigInteger.toByteArray` gives it (`org.apache.kafka.connect.data.Decimal`).
 */

/** Postgres holds 131,072 digits before the point and 16,383 after it; beyond that an exponent is a mistake. */
const MOST_DIGITS = 200_000;

export interface Unscaled {
  readonly unscaled: bigint;
  readonly scale: number;
}

/**
 * The text with exactly `scale` digits after the point; a negative scale gives zeros before it.
 *
 * @example
 * decimalText(15000n, 2) // '150.00'
 */
export function decimalText(unscaled: bigint | number, scale: number): string {
  if (Math.abs(scale) > MOST_DIGITS)
    throw new Error(`a decimal with the scale ${scale} is beyond ${MOST_DIGITS} digits`);
  const text = String(unscaled);
  if (scale === 0 || (scale < 0 && text === '0')) return text;
  if (scale < 0) return text + '0'.repeat(-scale);
  const sign = text.startsWith('-') ? '-' : '';
  const digits = text.slice(sign.length).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,7}))?$/;

/**
 * Takes a decimal apart, exactly: `'-12345.67'` is -1234567 with the scale 2. The scale is never negative.
 *
 * @throws Error when the value is no decimal number, or a number beyond 2^53, which is no longer exact
 */
export function unscaledOf(value: string | number | bigint): Unscaled {
  if (typeof value === 'bigint') return { unscaled: value, scale: 0 };
  if (typeof value === 'number' && !(Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    throw new Error(`the number ${value} is not exact: give the decimal as a text`);
  }
  const text = String(value);
  const parts = NUMBER.exec(text);
  const whole = parts?.[2] ?? '';
  const fraction = parts?.[3] ?? '';
  if (parts === null || whole.length + fraction.length === 0) {
    throw new Error(`${JSON.stringify(shortened(text))} is no decimal number`);
  }
  const scale = fraction.length - Number(parts[4] ?? 0);
  if (Math.abs(scale) > MOST_DIGITS) throw new Error(`${shortened(text)} is beyond ${MOST_DIGITS} digits`);
  const digits = BigInt(`${whole}${fraction}`) * (scale < 0 ? 10n ** BigInt(-scale) : 1n);
  return { unscaled: parts[1] === '-' ? -digits : digits, scale: Math.max(0, scale) };
}

/**
 * The unscaled value at another scale.
 * @throws Error when digits would be lost
 */
export function rescaled({ unscaled, scale }: Unscaled, to: number): bigint {
  if (to >= scale) return unscaled * 10n ** BigInt(to - scale);
  const lost = 10n ** BigInt(scale - to);
  if (unscaled % lost !== 0n) {
    throw new Error(`${decimalText(unscaled, scale)} has more than ${to} digits after the point: round it first`);
  }
  return unscaled / lost;
}

/** The shortest two's complement of an integer, big-endian. */
export function twosComplement(value: bigint): Buffer {
  let bytes = 1;
  const magnitude = value < 0n ? -value - 1n : value;
  if (magnitude > 127n) bytes = (magnitude.toString(16).length * 4 + 8) >> 3;
  let hex = BigInt.asUintN(bytes * 8, value)
    .toString(16)
    .padStart(bytes * 2, '0');
  // The count by hexadecimal digits is one byte too large when the first digit is below 8.
  if (bytes > 1 && isRedundant(hex)) hex = hex.slice(2);
  return Buffer.from(hex, 'hex');
}

function isRedundant(hex: string): boolean {
  const signed = Number.parseInt(hex[2]!, 16) >= 8;
  return hex.startsWith(signed ? 'ff' : '00');
}

/** The integer whose two's complement the bytes are; no bytes are 0. A number where it is exact in one. */
export function fromTwosComplement(bytes: Buffer): bigint | number {
  if (bytes.length === 0) return 0;
  if (bytes.length <= 6) return bytes.readIntBE(0, bytes.length);
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Six bits by character code; 64 for what is no base64. */
const SIX_BITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const bits = ALPHABET.indexOf(String.fromCharCode(code));
  return bits < 0 ? 64 : bits;
});

/**
 * As {@link fromTwosComplement}, of up to six bytes in base64, without making a buffer: most decimals are that short.
 * Undefined for others, and for what is no base64.
 */
export function fromBase64(text: string): number | undefined {
  const { length } = text;
  if (length !== 4 && length !== 8) return undefined;
  const padding = text.charCodeAt(length - 1) !== PAD ? 0 : text.charCodeAt(length - 2) !== PAD ? 1 : 2;
  let value = 0;
  for (let i = 0; i < length - padding; i++) {
    const code = text.charCodeAt(i);
    const bits = code < 128 ? SIX_BITS[code]! : 64;
    if (bits === 64) return undefined;
    value = value * 64 + bits;
  }
  // One padding character leaves two bits too many, two leave four.
  value = Math.floor(value / 4 ** padding);
  const range = 256 ** ((length * 3) / 4 - padding);
  return value >= range / 2 ? value - range : value;
}

const PAD = 0x3d;

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
