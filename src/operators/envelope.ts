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
  return schema === undefined ? looksLikeEnvelope(value) : isNamedEnvelope(schema);
}

/** What was asked about last, with the answer: one operator after the other asks of the same, and neither is ever changed. */
let lastEnvelope: object | undefined;
let lastSchema: { readonly schema: ConnectSchema; readonly isEnvelope: boolean } | undefined;

function isNamedEnvelope(schema: ConnectSchema): boolean {
  if (lastSchema?.schema !== schema) {
    lastSchema = { schema, isEnvelope: schema.name !== undefined && ENVELOPE_NAME.test(schema.name) };
  }
  return lastSchema.isEnvelope;
}

function looksLikeEnvelope(value: object): boolean {
  if (value === lastEnvelope) return true;
  const change = value as Partial<Change<unknown>>;
  if (!OPERATIONS.has(change.op)) return false;
  const { source } = change;
  if (typeof source !== 'object' || source === null) return false;
  // Most have both; one is enough to look at.
  if (change.after === undefined && change.before === undefined) return false;
  lastEnvelope = value;
  return true;
}
