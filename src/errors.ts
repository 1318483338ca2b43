/**
 * The three families of errors. Each says what happened, to which record or setting, and what to do.
 *
 * - {@link TopologyError}: while building. The program is wrong; nothing has run.
 * - {@link RecordError}: one record could not be processed. A handler decides: fail, skip or dead-letter.
 * - {@link BrokerError}: translated at the edge of a broker adapter; says whether trying again can help.
 *
 * {@link ConfigurationError} is for settings: it names the setting.
 */

/** The topology cannot be built as written. Names the node. */
export class TopologyError extends Error {
  override readonly name = 'TopologyError';
  constructor(
    message: string,
    /** The node or name that is wrong, when one is. */
    readonly node?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A setting is missing, unknown or wrong. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(
    message: string,
    /** The setting's name as the user writes it. */
    readonly setting: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Where a record was met when it failed. */
export type RecordPhase = 'deserialization' | 'processing' | 'production';

/** One record failed. `cause` is what was thrown. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  constructor(
    message: string,
    readonly phase: RecordPhase,
    readonly position: { readonly topic: string; readonly partition: number; readonly offset: number },
    /** The node that was working on it. */
    readonly node: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * What a broker error means for the one who asked.
 *
 * - `retriable`: the same call may succeed later (broker away, queue full).
 * - `abort`: the running transaction must be aborted; then go on.
 * - `fenced`: another member has taken this one's place; uncommitted work is lost to us, rejoin.
 * - `fatal`: this client is finished; a new client (often a new process) is needed.
 * - `record`: the broker refuses this very record (too large, invalid); trying again is useless.
 */
export type BrokerErrorKind = 'retriable' | 'abort' | 'fenced' | 'fatal' | 'record';

/** An error of a broker, in our words. `cause` is the client's own error; `code` its number or name. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  constructor(
    message: string,
    readonly kind: BrokerErrorKind,
    readonly code?: string | number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The code of a `fatal` {@link BrokerError}: the broker is there, and this client does not find it any more. */
export const CLIENT_LOST = 'CLIENT_LOST';

/** Whether the same call may succeed later. */
export function isRetriable(thrown: unknown): thrown is BrokerError {
  return thrown instanceof BrokerError && thrown.kind === 'retriable';
}

/** Whatever was thrown, as an Error: some libraries throw strings. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
