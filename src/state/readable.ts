/** Whether a store can be read on by the program as it is now, and how each format in it is read. */
import { asError, TopologyError } from '../errors.js';
import { NO_HEADERS } from '../record.js';
import type { Serde } from '../serde/serde.js';
import type { StoreDeclaration } from './store.js';
import { formatOf, isPlain, isSameFormat, type StoreFormat, type ValueFormat } from './store-format.js';

/** Gives the value of bytes of one format, without what stands before them. */
export type ReadValue<V> = (bytes: Buffer) => V | null;

/**
 * Whether the entries lack what the declaration needs and the changelog has: the time of their writing, for a store that
 * got its first retention.
 */
export function mustBeRebuilt(declaration: StoreDeclaration, formats: readonly StoreFormat[]): boolean {
  return declaration.changelog && declaration.retentionMs !== undefined && formats.at(-1)?.timed === false;
}

/**
 * Holds what a store was written as against what is declared now.
 *
 * @param formats those of its record, the one used last is last
 * @param isEmpty whether the store has no entry
 * @throws TopologyError that names the store, what has changed, and what to do
 */
export function mustBeReadable(declaration: StoreDeclaration, formats: readonly StoreFormat[], isEmpty: boolean): void {
  const declared = formatOf(declaration);
  const last = formats.at(-1);
  if (last === undefined) {
    if (isEmpty || isPlain(declared.value)) return;
    throw refusal(declaration, 'it has entries that do not say how they were written, from before stores kept that');
  }
  if (!isSameFormat(last.key, declared.key)) {
    const same = last.key.encoding === declared.key.encoding;
    throw refusal(
      declaration,
      same
        ? `its keys were written with another schema than is declared now, and keys are found by their bytes`
        : `its keys were written as ${last.key.encoding} and are declared as ${declared.key.encoding}, and keys are found by their bytes`,
    );
  }
  if (last.changelog === 'disabled' && declaration.changelog) {
    throw refusal(declaration, 'it was written without a changelog, which is enabled now and lacks those entries');
  }
  if (!last.timed && declaration.retentionMs !== undefined && !declaration.changelog) {
    throw refusal(
      declaration,
      'retentionMs is declared now, its entries do not say when they were written, and there is no changelog that does',
    );
  }
  for (const format of formats) {
    try {
      readerOf(declaration, format.value);
    } catch (thrown) {
      throw refusal(declaration, asError(thrown).message, thrown);
    }
  }
}

/**
 * How values of one format are read as the declaration says.
 *
 * @throws Error, in words, when they cannot be
 */
export function readerOf<V>(declaration: StoreDeclaration<unknown, V>, written: ValueFormat): ReadValue<V> {
  const { version, valueSerde, earlier, holds } = declaration;
  if (written.version === version) {
    if (written.holds === holds) return reading(valueSerde, written);
    throw new Error(`it holds ${named(written.holds)}, and is declared to hold ${named(holds)}`);
  }
  if (written.version > version) {
    throw new Error(
      `its values were written as version ${written.version} by a newer program, and this one declares version ${version}`,
    );
  }
  const known = earlier.find((candidate) => candidate.version === written.version);
  if (known === undefined) {
    throw new Error(
      `its values were written as version ${written.version}, version ${version} is declared now, and ` +
        `'earlier' does not say how version ${written.version} is read`,
    );
  }
  const read = reading(known.serde, written);
  return (bytes) => {
    const value = read(bytes);
    return value === null ? null : known.upgrade(value);
  };
}

function reading<T>(serde: Serde<T>, written: ValueFormat): ReadValue<T> {
  if (serde.encoding !== written.encoding) {
    throw new Error(
      `its values of version ${written.version} were written as ${written.encoding}, and are declared as ${serde.encoding}`,
    );
  }
  if (serde.schema !== undefined) return serde.schema.reading(written.schema);
  const context = { topic: '', headers: NO_HEADERS, schema: undefined };
  return (bytes) => {
    context.schema = undefined;
    return serde.deserialize(bytes, context);
  };
}

function named(holds: string | undefined): string {
  return holds === undefined ? 'values of no name' : `'${holds}'`;
}

function refusal({ name, changelog }: StoreDeclaration, why: string, cause?: unknown): TopologyError {
  const topic = changelog ? ` and its changelog topic (…-${name}-changelog)` : '';
  return new TopologyError(
    `the store '${name}' cannot be read on: ${why}. Nothing of it was changed. Declare it as it was; or raise its ` +
      `'version' and say with 'earlier' how the version before is read; or give it a new name, which starts empty; or, ` +
      `while every instance is stopped, delete its folders${topic}, and it starts empty`,
    name,
    { cause },
  );
}
