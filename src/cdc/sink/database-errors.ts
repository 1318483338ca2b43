/**
 * What an error of the database means for the sink.
 *
 * Source: PostgreSQL 18, Appendix A, "PostgreSQL Error Codes": the first two characters are the class.
 */
import { asError } from '../../errors.js';

/**
 * - `away`: the database, or the way to it, is not there now, or it could not do this at this moment; try again.
 * - `record`: it refuses the data of a record; trying again is useless.
 * - `table`: the table is not what we took it for; look at it again.
 * - `fatal`: nothing that waiting helps with, and no record's fault.
 */
export type DatabaseErrorKind = 'away' | 'record' | 'table' | 'fatal';

/** An error of the database or of the connection to it, with what it means. `cause` is the driver's. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly kind: DatabaseErrorKind;
  constructor(cause: unknown) {
    const kind = kindOf(cause);
    super(kind === 'fatal' ? advised(cause) : asError(cause).message, { cause });
    this.kind = kind;
  }
}

const AWAY_CLASSES = ['08', '40', '53', '57', '58'];
const AWAY_CODES = ['55P03', '55006', '25006'];
const RECORD_CLASSES = ['22', '23'];
const TABLE_CODES = ['42P01', '42P10', '42703', '42804'];
const SQLSTATE = /^[0-9A-Z]{5}$/;

function kindOf(cause: unknown): DatabaseErrorKind {
  const { code } = cause as { code?: unknown };
  if (typeof code !== 'string' || !SQLSTATE.test(code)) {
    // The system's errors (ECONNREFUSED …) and the driver's ("Connection terminated unexpectedly"), but for what the
    // driver says of a password that it was not given.
    return asError(cause).message.startsWith('SASL') ? 'fatal' : 'away';
  }
  if (AWAY_CODES.includes(code) || AWAY_CLASSES.includes(code.slice(0, 2))) return 'away';
  if (RECORD_CLASSES.includes(code.slice(0, 2))) return 'record';
  if (TABLE_CODES.includes(code)) return 'table';
  return 'fatal';
}

function advised(cause: unknown): string {
  return (
    `The database of the table sink says: ${asError(cause).message}. Waiting will not help: look at connection.url, ` +
    'and whether its user may create, change and write the tables.'
  );
}
