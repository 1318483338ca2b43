/**
 * The formats that a store has been written in: an entry of the store itself, under a key that no key serde gives.
 *
 * So it goes where the values go: into the changelog before the first of them, onto the disk in the same step, back
 * through a rebuild, and compaction keeps it.
 *
 * R1. The record is in every commit that has the first value of a new format. Until it is committed, every record that
 *     writes depends on the one that wrote it: if that fails, they are run again, and one of them writes it.
 */
import { parseJson, stringifyJson } from '../serde/json-text.js';
import type { StoreChange, StoreDeclaration, StoreEngine } from './store.js';
import { formatOf, isSameFormat, type StoreFormat } from './store-format.js';
import type { Writer } from './writer.js';

/** 0xFD occurs in no UTF-8; a key of bytes would have to be this very text. */
const KEY = Buffer.concat([Buffer.from([0xfd]), Buffer.from('millrace: formats of this store'), Buffer.from([0xfd])]);

/** Whether an entry of an engine or a changelog is the record of formats, and no entry of the user's. */
export function isFormatRecord(key: Buffer): boolean {
  return key[0] === 0xfd && key.equals(KEY);
}

/** The record of one store: what it says, and when it is written. */
export class FormatRecord {
  readonly #declaration: StoreDeclaration;
  readonly #engine: StoreEngine;
  readonly #writer: Writer;
  /** Whether the committed record ends with the declared format; undefined: not looked yet. */
  #isCurrent: boolean | undefined;
  /** The record being worked on when it was written, and not committed since. */
  #writtenBy: number | undefined;
  #taken: StoreChange | undefined;

  constructor(declaration: StoreDeclaration, engine: StoreEngine, writer: Writer) {
    this.#declaration = declaration;
    this.#engine = engine;
    this.#writer = writer;
  }

  /** The formats that are committed, the one used last is last; none for a store from before formats were kept. */
  get formats(): readonly StoreFormat[] {
    const bytes = this.#engine.get(KEY);
    return bytes === undefined ? [] : (parseJson(bytes) as { formats: readonly StoreFormat[] }).formats;
  }

  /** The record being worked on is about to write a value. */
  beforeWrite(): void {
    if (this.#writtenBy === undefined) {
      this.#isCurrent ??= this.#endsWithDeclared();
      if (this.#isCurrent) return;
      this.#writtenBy = this.#writer.sequence();
      this.#writer.wrote(this.#declaration, this.#change());
    } else if (this.#taken === undefined && this.#writtenBy !== this.#writer.sequence()) {
      this.#writer.read(this.#writtenBy);
    }
  }

  /** What all records from this one on wrote is discarded, or what this one alone wrote. */
  discardFrom(sequence: number): void {
    if (this.#writtenBy !== undefined && this.#writtenBy >= sequence) this.#writtenBy = undefined;
  }

  discard(sequence: number): void {
    if (this.#writtenBy === sequence) this.#writtenBy = undefined;
  }

  /** A commit begins. */
  takeUpTo(sequence: number): void {
    if (this.#writtenBy !== undefined && this.#writtenBy <= sequence) this.#taken = this.#change();
  }

  /** The commit took place: what the engine is to be given. */
  committed(): readonly StoreChange[] {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined) return [];
    this.#writtenBy = undefined;
    this.#isCurrent = true;
    return [taken];
  }

  reverted(): void {
    this.#taken = undefined;
  }

  /** Nothing uncommitted is left, and what is committed may be another now. */
  forget(): void {
    this.#writtenBy = undefined;
    this.#taken = undefined;
    this.#isCurrent = undefined;
  }

  #endsWithDeclared(): boolean {
    return isSameFormat(this.formats.at(-1), formatOf(this.#declaration));
  }

  #change(): StoreChange {
    const declared = formatOf(this.#declaration);
    const formats = [...this.formats.filter((format) => !isSameFormat(format, declared)), declared];
    return { key: KEY, value: Buffer.from(stringifyJson({ formats })) };
  }
}
