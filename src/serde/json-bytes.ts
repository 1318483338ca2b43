/** Bytes of JSON, for those who read and write it without `JSON`. */

export const QUOTE = 0x22;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const COMMA = 0x2c;
export const ARRAY_START = 0x5b;
export const BACKSLASH = 0x5c;
export const ARRAY_END = 0x5d;
export const OBJECT_START = 0x7b;
export const OBJECT_END = 0x7d;
export const NULL = Buffer.from('null');
export const TRUE = Buffer.from('true');
export const FALSE = Buffer.from('false');

/** Whether these bytes stand at a position; what lies behind the end of `bytes` equals nothing. */
export function standsAt(expected: Buffer, bytes: Buffer, at: number): boolean {
  const { length } = expected; // looked up once: it takes as long as a byte
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== expected[i]) return false;
  }
  return true;
}

/** `{"first":`, then `,"second":` and so on: what stands before each value of an object where there is no white space. */
export function beforeValues(names: readonly string[]): string[] {
  return names.map((name, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
}
