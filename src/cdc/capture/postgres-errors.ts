/** Which errors of PostgreSQL pass by themselves. */

/** Of the operating system: the server is away, or the way to it. */
const AWAY: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Of the server, SQLSTATE: it ends, it starts, it is full, or another connection still has the slot. */
const PASSING: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '55006', '40001']);

/** Whether trying again can help: the server is away or busy. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return AWAY.has(code) || PASSING.has(code) || code.startsWith('08');
  return (
    error instanceof Error &&
    /connection terminated|timeout expired|connection ended|not queryable/i.test(error.message)
  );
}

/** The SQLSTATE, or the operating system's code. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
