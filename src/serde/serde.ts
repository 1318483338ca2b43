/**
 * The serde port: values to bytes and back, synchronously. What must be fetched first (an Avro schema by its id) is
 * fetched in `prepare`, before a batch is decoded.
 */
import type { ConnectSchema, Headers } from '../record.js';

/**
 * What travels beside the bytes. One context is reused from record to record: a serde reads or sets it during the call
 * and keeps no reference to it.
 */
export interface SerdeContext {
  topic: string;
  headers: Headers;
  /**
   * After `deserialize`: the schema that the bytes carried, if any. Before `serialize`: the schema that travelled with
   * the value, if any.
   */
  schema: ConnectSchema | undefined;
}

/**
 * Values of one type to bytes and back.
 *
 * @typeParam T the values; null is a tombstone whatever the type
 */
export interface Serde<T> {
  /** Shown in errors and descriptions: `json`, `connect-json`, `string` … */
  readonly encoding: string;
  /** null gives null, a tombstone, unless the encoding writes deletes otherwise. */
  serialize(value: T | null, context: SerdeContext): Buffer | null;
  /** @throws an Error that says what is wrong with the bytes, and where */
  deserialize(bytes: Buffer | null, context: SerdeContext): T | null;
  /**
   * Fetches what the decoding of these bytes will need. Undefined: nothing is missing.
   *
   * Rejects only when trying again may help, with a `retriable` BrokerError. What will never be found is told by
   * `deserialize`, of each record.
   */
  prepare?(batch: readonly UndecodedPart[]): Promise<void> | undefined;
  /**
   * Registers what writing values of this schema to the topic will need. Rejects as `prepare` does; what is refused is
   * told by `serialize`.
   */
  prepareToWrite?(topic: string, schema: ConnectSchema): Promise<void>;
  /** The schema that all values are written by, where the bytes do not name it: a store keeps it with them. */
  readonly schema?: KeptSchema<T>;
}

/** A schema that is kept beside the bytes, for programs that come later. */
export interface KeptSchema<T> {
  /** The schema in JSON. */
  readonly json: unknown;
  /**
   * Reads what was written by a schema that was kept.
   * @throws Error that says what of it cannot be read, and where
   */
  reading(written: unknown): (bytes: Buffer) => T | null;
}

/** Half of a record, before it is decoded. */
export interface UndecodedPart {
  readonly topic: string;
  readonly bytes: Buffer | null;
  readonly headers: Headers;
}

/**
 * Thrown by `serialize` when something has to be registered first. The same call is made again when `ready` has
 * resolved; it then gives the bytes, or throws what stands in the way.
 */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  constructor(
    message: string,
    /** Rejects, with a `retriable` BrokerError, when trying again may help. */
    readonly ready: Promise<void>,
  ) {
    super(message);
  }
}
