/**
 * Positions in PostgreSQL's write-ahead log (LSNs) as numbers: bytes since the cluster was made.
 *
 * A number is exact up to 2^53 bytes, 8 PiB of log, which is past what a cluster writes in its life; beyond it reading
 * one throws, because a position that is off by a byte loses a transaction.
 */

const UPPER = 0x1_0000_0000;

/**
 * @param text PostgreSQL's way to write one, `16/B374D848`
 * @throws Error when it is none
 */
export function parseLsn(text: string): number {
  const parts = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (parts === null) throw new Error(`${JSON.stringify(text)} is no position in PostgreSQL's log, as 16/B374D848`);
  return lsnOf(Number.parseInt(parts[1]!, 16), Number.parseInt(parts[2]!, 16));
}

/** The position of its two unsigned halves. */
export function lsnOf(upper: number, lower: number): number {
  const lsn = upper * UPPER + lower;
  if (!Number.isSafeInteger(lsn)) {
    throw new Error(
      `the log position ${upper.toString(16)}/${lower.toString(16)} is past 2^53 bytes, which is not supported`,
    );
  }
  return lsn;
}

/** As PostgreSQL writes it: `16/B374D848`. */
export function formatLsn(lsn: number): string {
  return `${Math.floor(lsn / UPPER).toString(16)}/${(lsn % UPPER).toString(16)}`.toUpperCase();
}

/** Writes a position as eight bytes, as the replication protocol has it. */
export function writeLsn(buffer: Buffer, lsn: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(lsn / UPPER), at);
  buffer.writeUInt32BE(lsn % UPPER, at + 4);
}
