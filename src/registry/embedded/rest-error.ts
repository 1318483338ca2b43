import { REGISTRY_CODES } from '../registry-error.js';

/** An answer that is an error: `{error_code, message}` with an HTTP status. */
export class RestError extends Error {
  override readonly name = 'RestError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }

  /** 40401 is a kind of 404. */
  get status(): number {
    return this.code > 999 ? Math.floor(this.code / 100) : this.code;
  }
}

// The messages are Confluent's, which programs are known to look at.

export const unknownSubject = (subject: string): RestError =>
  new RestError(REGISTRY_CODES.unknownSubject, `Subject '${subject}' not found.`);

export const unknownVersion = (version: number | string): RestError =>
  new RestError(REGISTRY_CODES.unknownVersion, `Version ${version} not found.`);

export const unknownSchema = (id: number | string): RestError =>
  new RestError(REGISTRY_CODES.unknownSchema, `Schema ${id} not found`);

export const invalidSchema = (why: string): RestError =>
  new RestError(REGISTRY_CODES.invalidSchema, `Invalid schema: ${why}`);
