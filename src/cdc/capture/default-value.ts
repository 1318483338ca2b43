/**
 * What a schema says of a column's default.
 *
 * Source: Debezium 3.6 `PostgresDefaultValueConverter`: a literal is the default; what must be computed, as `now()` or
 * a sequence, is shown as the type's zero; anything else is not shown.
 */
import { connectValueText } from '../../serde/connect-values.js';
import { unscaledOf } from '../../serde/decimal.js';
import { parseJson } from '../../serde/json-text.js';
import type { ColumnType } from './column-type.js';

/** A default as a row has it, and as a schema has it, which is Connect's JSON. */
export interface DefaultValue {
  readonly value: unknown;
  readonly json: unknown;
}

const FUNCTION = /^\(?[A-Za-z0-9_."]+\(.*\)/s;
const QUOTED = /^\(?'((?:[^']|'')*)'(?:::.+)?$/s;
const BARE = /^\(?(-?\d[\d.eE+-]*|true|false)\)?(?:::.+)?$/;

/**
 * @param expression as `pg_get_expr` gives it; null for none
 * @returns undefined where the schema shows no default
 */
export function defaultValueOf(expression: string | null, type: ColumnType): DefaultValue | undefined {
  // Of some types Debezium shows no defaults at all; and Connect's structs cannot be one.
  if (expression === null || type.computedDefault === undefined || type.schema.type === 'struct') return undefined;
  const text = FUNCTION.test(expression) ? type.computedDefault : literalOf(expression);
  if (text === undefined) return undefined;
  try {
    const decoded = type.decode(text);
    const value = type.schema.type === 'bytes' ? atScale(decoded, type) : decoded;
    return { value, json: parseJson(Buffer.from(connectValueText(type.schema, value))) };
  } catch {
    // A literal that is not in the type's own form, as '1 day'::text::interval: shown as no default, like Debezium.
    return undefined;
  }
}

function literalOf(expression: string): string | undefined {
  const quoted = QUOTED.exec(expression)?.[1];
  return quoted === undefined ? BARE.exec(expression)?.[1] : quoted.replaceAll("''", "'");
}

/** `numeric(8,2) default 5` is 5.00. */
function atScale(value: unknown, type: ColumnType): unknown {
  const scale = Number(type.schema.parameters?.scale ?? 0);
  if (typeof value !== 'string' || scale <= 0) return value;
  const missing = scale - unscaledOf(value).scale;
  if (missing <= 0) return value;
  return `${value}${value.includes('.') ? '' : '.'}${'0'.repeat(missing)}`;
}
