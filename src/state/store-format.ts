/**
 * What the bytes of a store are: how its keys and values are written, said in JSON so that it can be kept beside them.
 *
 * F1. A value says which format it has: by the first eight bytes of the SHA-256 of its format, behind the byte 0xFD.
 *     Without that mark it is of the one plain format that the store has had (JSON or text of version 1), whose bytes
 *     never begin with 0xFD. So formats lie side by side in a store, and none is taken for another.
 * F2. Keys have no mark, since equal keys must be equal bytes: their format never changes.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { stringifyJson } from '../serde/json-text.js';
import type { Serde } from '../serde/serde.js';
import type { StoreDeclaration } from './store.js';

/** How values are written. The order of the properties belongs to it: its text is hashed. */
export interface ValueFormat {
  readonly encoding: string;
  readonly version: number;
  /** What the values are, in the words of the declaration. */
  readonly holds?: string;
  /** The schema that the encoding writes by, where it has one. */
  readonly schema?: unknown;
}

/** How a store was written, as it is kept with the store. */
export interface StoreFormat {
  readonly key: { readonly encoding: string; readonly schema?: unknown };
  readonly value: ValueFormat;
  /** Whether values begin with the time of their writing. */
  readonly timed: boolean;
  readonly changelog: 'enabled' | 'disabled';
}

/** The first byte of a value with a mark; the hash of its format follows. */
export const FORMAT_MARK = 0xfd;
/** Bytes of the mark and the hash. */
export const MARK_BYTES = 9;

/** Encodings whose bytes are UTF-8, in which neither 0xFD nor 0xFE occurs. */
const TEXTS: ReadonlySet<string> = new Set(['json', 'string']);

/** The format in which a declared store writes. */
export function formatOf(declaration: StoreDeclaration): StoreFormat {
  const { keySerde, valueSerde, version, holds, retentionMs, changelog } = declaration;
  const { schema } = valueSerde;
  return {
    key: { encoding: keySerde.encoding, ...schemaOf(keySerde) },
    value: {
      encoding: valueSerde.encoding,
      version,
      ...(holds === undefined ? {} : { holds }),
      ...(schema === undefined ? {} : { schema: schema.json }),
    },
    timed: retentionMs !== undefined,
    changelog: changelog ? 'enabled' : 'disabled',
  };
}

/** Whether values of this format are written without a mark. */
export function isPlain({ encoding, version, schema }: ValueFormat): boolean {
  return version === 1 && schema === undefined && TEXTS.has(encoding);
}

/** What stands before a value of this format; no bytes for a plain one. */
export function markOf(format: ValueFormat): Buffer {
  if (isPlain(format)) return Buffer.alloc(0);
  const hash = createHash('sha256').update(stringifyJson(format)).digest();
  return Buffer.concat([Buffer.from([FORMAT_MARK]), hash.subarray(0, MARK_BYTES - 1)]);
}

/** Whether two formats, or parts of formats, are the same. */
export function isSameFormat(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

function schemaOf(serde: Serde<unknown>): { readonly schema?: unknown } {
  return serde.schema === undefined ? {} : { schema: serde.schema.json };
}
