/** The values of a record as fields: nested ones by their path, `engine.size`. */

/** What stands for the whole of a value that is no object. */
export const WHOLE = 'value';

/** Each leaf with its path. Arrays are leaves, and bytes are texts in base64. */
export function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  if (isStruct(value)) collect(value, '', fields);
  else fields.set(WHOLE, value);
  return fields;
}

/** The number that a value is: also of a bigint, and of the text of a decimal. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return undefined;
}

function collect(struct: object, prefix: string, into: Map<string, unknown>): void {
  for (const [name, value] of Object.entries(struct)) {
    if (isStruct(value) && Object.keys(value).length > 0) collect(value, `${prefix}${name}.`, into);
    else into.set(prefix + name, value);
  }
}

function isStruct(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
