/** What is said of a value that does not fit its schema, whatever the encoding. */

/** A value that does not fit its schema. The message begins with the path of the field. */
export class ConnectValueError extends Error {
  override readonly name = 'ConnectValueError';
  constructor(
    /** What is wrong, without the path. */
    readonly problem: string,
    /** From the outermost struct inwards: `after.tax`, `tags[3]`; empty for the value itself. */
    readonly path: string,
  ) {
    super(path === '' ? problem : `the field '${path}': ${problem}`);
  }
}

/** The error with the step before its path: `after`, `[3]`. Other errors come as they are. */
export function inside(step: string, error: unknown): unknown {
  if (!(error instanceof ConnectValueError)) return error;
  const joined = error.path === '' || error.path.startsWith('[') ? step + error.path : `${step}.${error.path}`;
  return new ConnectValueError(error.problem, joined);
}

/** The error of the value itself. */
export function wrong(problem: string): ConnectValueError {
  return new ConnectValueError(problem, '');
}

/** `a struct was expected, and it is the number 5`. */
export function expected(what: string, value: unknown): string {
  const hint = value instanceof Date ? ' (times are numbers or texts as on the wire: see docs/types.md)' : '';
  return `${what} was expected, and it is ${shown(value)}${hint}`;
}

/** A value in the words of a message, shortened. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `the bigint ${value}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return value instanceof Date ? 'a Date' : 'an object';
  return String(value);
}
