/**
 * A part of the stack: one server that runs beside millrace. A new part is one file that makes one of these, and a
 * line in `parts.ts`.
 *
 * What must hold:
 *  1. `download` is done once per version and shared by all later starts; a download that was broken off leaves nothing
 *     that looks finished.
 *  2. `start` listens on 127.0.0.1 alone, and says that a port is taken before it starts anything.
 *  3. The process that `start` made belongs to no terminal: only the runner ends it, by its process id.
 *  4. `prepare` may be repeated: what is there already stays as it is.
 */

/** Prints one line for the person who waits. */
export type Say = (line: string) => void;

/** What runs now. */
export interface Started {
  readonly pid: number;
  /** How others reach it: `127.0.0.1:9092`, an URL, a connection string. */
  readonly endpoint: string;
}

/** How rows are encoded on the way through Kafka; a folder of `deploy/connectors` each. */
export const FORMATS = ['connect-json', 'avro'] as const;
export type Format = (typeof FORMATS)[number];

export interface StartOptions {
  /** Begin with empty data. */
  readonly data: 'kept' | 'fresh';
  readonly format: Format;
  /** The endpoint of a part of {@link Part.needs}; that part may still be starting. */
  readonly endpointOf: (part: string) => string;
}

export interface Download {
  readonly say: Say;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

export interface Part {
  /** As it is written behind `--only`. */
  readonly name: string;
  readonly version: string;
  /** The file that its output goes to. */
  readonly log: string;
  /** The parts that it connects to. */
  needs(format: Format): readonly string[];
  download(download: Download): Promise<void>;
  start(options: StartOptions): Promise<Started>;
  /** Whether it answers its own protocol at this endpoint, not merely whether the port is open. */
  healthy(endpoint: string): Promise<boolean>;
  /** Sets up what the pipeline wants of it, as soon as it and all that it needs are ready. */
  prepare?(endpoint: string, options: StartOptions, say: Say): Promise<void>;
  /** What else is to be told of it while it runs. */
  describe?(endpoint: string): Promise<string>;
}

/** Something a person has to mend: a missing program, a taken port. Printed without a stack trace. */
export class StackError extends Error {
  override readonly name = 'StackError';
}
