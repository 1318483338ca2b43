/**
 * Writes flat structs by their schema straight into bytes: numbers, texts and flags, as most rows and keys are.
 *
 * C1. The bytes are those of `connectValueText`, or there are none: what is not flat, or wrong, is for that.
 */
import type { ConnectSchema } from '../record.js';
import { DECIMAL, VARIABLE_SCALE_DECIMAL } from './connect-schema.js';
import { hasExactDigits, JsonBlock, type Written } from './json-block.js';
import { beforeValues } from './json-bytes.js';
import { type Piece, pieceOf } from './json-piece.js';
import { stringifyJson } from './json-text.js';

/** Writes a value that is neither null nor undefined. */
type Put = (block: JsonBlock, value: unknown) => Written;

interface Field {
  readonly name: string;
  readonly before: Piece;
  readonly put: Put;
  /** What is written of null and of what is missing; undefined where the slower way knows. */
  readonly ofNull: Piece | undefined;
  readonly ofMissing: Piece | undefined;
}

const UNUSUAL = 'unusual';
const fits = (hasRoom: boolean): Written => (hasRoom ? 'whole' : 'no room');

export class FlatConnectWriter {
  readonly #block = new JsonBlock();
  readonly #prefix: Buffer;
  readonly #suffix: Buffer;
  readonly #fields: readonly Field[];

  /**
   * @param schema of a struct
   * @param prefix stands before the struct, as does `suffix` behind it
   * @returns undefined where fields may hold anything else than one number, text or flag
   */
  static of(schema: ConnectSchema, prefix: Buffer = Buffer.alloc(0), suffix = ''): FlatConnectWriter | undefined {
    if (schema.type !== 'struct' || isDecimal(schema) || schema.fields!.length === 0) return undefined;
    const before = beforeValues(schema.fields!.map((field) => field.field!));
    const fields: Field[] = [];
    for (const [i, field] of schema.fields!.entries()) {
      const put = putterOf(field);
      if (put === undefined) return undefined;
      fields.push({ name: field.field!, before: pieceOf(before[i]!), put, ...absent(field) });
    }
    return new FlatConnectWriter(fields, prefix, Buffer.from(`}${suffix}`));
  }

  private constructor(fields: readonly Field[], prefix: Buffer, suffix: Buffer) {
    this.#fields = fields;
    this.#prefix = prefix;
    this.#suffix = suffix;
  }

  /** Undefined where the value is no struct of these fields in this order, or something in it is unusual. */
  write(value: unknown): Buffer | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value)) return undefined;
    return this.#block.write(value as Readonly<Record<string, unknown>>, this.#put);
  }

  readonly #put = (block: JsonBlock, row: Readonly<Record<string, unknown>>): Written => {
    const fields = this.#fields;
    if (!block.bytes(this.#prefix)) return 'no room';
    let at = 0;
    for (const name in row) {
      while (at < fields.length && fields[at]!.name !== name) {
        const written = absentIn(block, fields[at]!, undefined);
        if (written !== 'whole') return written;
        at += 1;
      }
      if (at === fields.length) return UNUSUAL;
      const field = fields[at]!;
      const member = row[name];
      const written =
        member === null || member === undefined ? absentIn(block, field, member) : present(block, field, member);
      if (written !== 'whole') return written;
      at += 1;
    }
    for (; at < fields.length; at += 1) {
      const written = absentIn(block, fields[at]!, undefined);
      if (written !== 'whole') return written;
    }
    return fits(block.bytes(this.#suffix));
  };
}

function present(block: JsonBlock, { before, put }: Field, value: unknown): Written {
  return block.piece(before) ? put(block, value) : 'no room';
}

function absentIn(block: JsonBlock, { before, ofNull, ofMissing }: Field, value: null | undefined): Written {
  const piece = value === null ? ofNull : ofMissing;
  if (piece === undefined) return UNUSUAL;
  return fits(block.piece(before) && block.piece(piece));
}

/** As `connectValueText` writes what is absent, where it is not wrong. */
function absent(field: ConnectSchema): Pick<Field, 'ofNull' | 'ofMissing'> {
  const byDefault = field.default === undefined ? undefined : pieceOf(stringifyJson(field.default));
  if (field.optional !== true) return { ofNull: byDefault, ofMissing: byDefault };
  const ofNull = pieceOf('null');
  return { ofNull, ofMissing: byDefault ?? ofNull };
}

function isDecimal({ name }: ConnectSchema): boolean {
  return name === DECIMAL || name === VARIABLE_SCALE_DECIMAL;
}

/** Undefined for a type whose values are not simply written. */
function putterOf(schema: ConnectSchema): Put | undefined {
  if (isDecimal(schema)) return undefined;
  switch (schema.type) {
    case 'int8':
      return integerBetween(-128, 127);
    case 'int16':
      return integerBetween(-32_768, 32_767);
    case 'int32':
      return putInt32;
    case 'int64':
      return putLong;
    case 'float': // what has exact digits is far from the largest one
    case 'double':
      return putDouble;
    case 'boolean':
      return putFlag;
    case 'string':
      return putText;
    default:
      return undefined;
  }
}

function integerBetween(least: number, most: number): Put {
  return (block, value) =>
    typeof value === 'number' && value >= least && value <= most ? putInt32(block, value) : UNUSUAL;
}

function putInt32(block: JsonBlock, value: unknown): Written {
  return typeof value === 'number' && (value | 0) === value ? fits(block.number(value)) : UNUSUAL;
}

function putLong(block: JsonBlock, value: unknown): Written {
  return Number.isSafeInteger(value) ? fits(block.number(value as number)) : UNUSUAL;
}

function putDouble(block: JsonBlock, value: unknown): Written {
  if (typeof value !== 'number' || !hasExactDigits(value) || Object.is(value, -0)) return UNUSUAL;
  return fits(block.number(value));
}

function putFlag(block: JsonBlock, value: unknown): Written {
  return typeof value === 'boolean' ? block.value(value) : UNUSUAL;
}

function putText(block: JsonBlock, value: unknown): Written {
  return typeof value === 'string' ? fits(block.text(value)) : UNUSUAL;
}
