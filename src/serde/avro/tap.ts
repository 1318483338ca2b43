/**
 * What avsc reads from and writes to, as far as this folder uses it.
 *
 * avsc has no public hook that reads a value without allocating for each one, or that bounds a collection's size; its
 * types are made to be derived from, and `_read`, `_write` and `_check` are what they derive. `test/serde/avro` runs them
 * against Java's Avro, so that a new version of avsc that changes them does not go unseen.
 */
export interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
  writeLong(value: number): void;
  readString(): string | undefined;
  skipString(): void;
}

/** Makes the tap's value invalid: avsc then says that the bytes are too few. */
export function invalidate(tap: Tap): void {
  tap.pos = tap.buf.length + 1;
}
