/**
 * Arrays and maps that believe no size: a damaged record may claim a billion items, and avsc would make them all. An
 * item has at least one byte, so there cannot be more items than bytes are left; where items have none (null, empty
 * records), a million are enough.
 */
import avsc from 'avsc';
import { invalidate, type Tap } from './tap.js';

interface Readable {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
}

/** Items that have no bytes cannot be counted by them. */
const MOST_EMPTY_ITEMS = 1_000_000;

export class BoundedArray extends avsc.types.ArrayType {
  // A resolver borrows this method, with its own items: nothing else of `this` may be used.
  _read(this: { readonly itemsType: Readable }, tap: Tap): unknown {
    const items: unknown[] = [];
    eachItem(tap, () => items.push(this.itemsType._read(tap)));
    return items;
  }

  // The size of a block in bytes, which would be quicker, is not believed either.
  _skip(this: { readonly itemsType: Readable }, tap: Tap): void {
    eachItem(tap, () => this.itemsType._skip(tap));
  }
}

export class BoundedMap extends avsc.types.MapType {
  _read(this: { readonly valuesType: Readable }, tap: Tap): unknown {
    const entries: Record<string, unknown> = {};
    eachItem(tap, () => {
      const name = tap.readString();
      const value = this.valuesType._read(tap);
      if (name !== '__proto__') entries[name!] = value;
      else Object.defineProperty(entries, name, { value, enumerable: true, configurable: true, writable: true });
    });
    return entries;
  }

  _skip(this: { readonly valuesType: Readable }, tap: Tap): void {
    eachItem(tap, () => {
      tap.skipString();
      this.valuesType._skip(tap);
    });
  }
}

/** Reads the blocks of a collection until it ends, or the bytes cannot be right. */
function eachItem(tap: Tap, read: () => void): void {
  let empty = 0;
  for (;;) {
    let count = tap.readLong();
    if (count === 0) return;
    if (count < 0) {
      count = -count;
      tap.skipLong();
    }
    for (; count > 0; count--) {
      const before = tap.pos;
      read();
      const isBehind = tap.pos > tap.buf.length || tap.pos < before;
      if (tap.pos === before) empty++;
      if (isBehind || empty > MOST_EMPTY_ITEMS) {
        invalidate(tap);
        return;
      }
    }
  }
}
