import type { Change } from '../cdc/change.js';
import type { ConnectSchema } from '../record.js';

/** Debezium names the schema of its envelopes `<prefix>.<schema>.<table>.Envelope`. */
const ENVELOPE_NAME = /(^|\.)Envelope$/;

const OPERATIONS: ReadonlySet<unknown> = new Set(['c', 'u', 'd', 'r', 't']);

/**
 * Whether a value is a change event of Debezium.
 *
 * With a schema its name decides, as in Debezium's `ExtractNewRecordState`: a row may well have columns named `op` and
 * `after`. Without one the shape does.
 */
export function isEnvelope(value: unknown, schema: ConnectSchema | undefined): value is Change<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (schema !== undefined) return schema.name !== undefined && ENVELOPE_NAME.test(schema.name);
  const change = value as Partial<Change<unknown>>;
  if (!OPERATIONS.has(change.op)) return false;
  const { source } = change;
  // Most have both; one is enough to look at.
  return typeof source === 'object' && source !== null && (change.after !== undefined || change.before !== undefined);
}
