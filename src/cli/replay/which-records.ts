/** Which records a replay takes: `--keys` and `--filter`. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import type { ReplayFilter } from '../../replay/index.js';
import { defaultExport } from '../default-export.js';

/** A filter and what tells it from another. */
export interface RecordChoice {
  readonly filter: ReplayFilter;
  readonly text: string;
}

/**
 * @param keys `a,b`, or JSON: `{"id":17}`, `[{"id":17},{"id":18}]`. A plain text is also the key whose only column it is
 * @param file a module whose default export is `(value, record) => boolean`
 * @returns undefined: all records
 * @throws ConfigurationError when one of them makes no sense
 */
export async function recordChoice(
  keys: string | undefined,
  file: string | undefined,
): Promise<RecordChoice | undefined> {
  const byKey = keys === undefined ? undefined : keyFilter(keys);
  if (file === undefined) return byKey && { filter: byKey, text: `keys ${keys}` };
  const byFile = (await defaultExport(resolve(file), 'filter')) as ReplayFilter;
  if (typeof byFile !== 'function') {
    throw new ConfigurationError(
      `--filter ${file}: its default export is no function: write export default (value, record) => …`,
      'filter',
    );
  }
  const hash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 12);
  const filter: ReplayFilter =
    byKey === undefined ? byFile : (value, record) => byKey(value, record) && byFile(value, record);
  return { filter, text: [`file ${file} (${hash})`, ...(keys === undefined ? [] : [`keys ${keys}`])].join(', ') };
}

function keyFilter(text: string): ReplayFilter {
  const wanted = new Set(keysIn(text).map(textOf));
  return (_value, { key }) => wanted.has(textOf(key));
}

function keysIn(text: string): readonly unknown[] {
  if (!/^\s*[[{"]/.test(text)) return text.split(',').map((key) => key.trim());
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch (thrown) {
    throw new ConfigurationError(`--keys ${text}: that is no JSON`, 'keys', { cause: thrown });
  }
}

/** The same text for the same key, and for a key of one column the column's value: `--keys 17` is `{"id":17}`. */
function textOf(key: unknown): string {
  if (typeof key !== 'object' || key === null) return String(key);
  const columns = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1));
  if (columns.length === 1) return textOf(columns[0]![1]);
  return JSON.stringify(columns.map(([name, value]) => [name, textOf(value)]));
}
