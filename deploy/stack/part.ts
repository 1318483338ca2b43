/**
 * A part of the stack: one server that runs beside millrace. A new part is one file that makes one of these, and a
 * line in `parts.ts`.
 *
 * What must hold:
 *  1. `download` is done once per version and shared by all later starts; a download that was broken off leaves nothing
 *     that looks finished.
 *  2. `start` listens on 127.0.0.1 alone, and says that a port is taken before it starts anything.
 *  3. The process that `start` made belongs to no terminal: only the runner ends it, by its process id.
 */

/** Prints one line for the person who waits. */
export type Say = (line: string) => void;

/** What runs now. */
export interface Started {
  readonly pid: number;
  /** How others reach it: `127.0.0.1:9092`, an URL, a connection string. */
  readonly endpoint: string;
}

export interface StartOptions {
  /** Begin with empty data. */
  readonly data: 'kept' | 'fresh';
}

export interface Part {
  /** As it is written behind `--only`. */
  readonly name: string;
  readonly version: string;
  /** The file that its output goes to. */
  readonly log: string;
  download(say: Say): Promise<void>;
  start(options: StartOptions): Promise<Started>;
  /** Whether it answers its own protocol at this endpoint, not merely whether the port is open. */
  healthy(endpoint: string): Promise<boolean>;
}

/** Something a person has to mend: a missing program, a taken port. Printed without a stack trace. */
export class StackError extends Error {
  override readonly name = 'StackError';
}
