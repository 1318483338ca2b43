import { BrokerError } from '../errors.js';

/**
 * The registry answered, and refuses what was asked.
 *
 * Source of the codes: Confluent Schema Registry, `io.confluent.kafka.schemaregistry.rest.exceptions.Errors`.
 */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  constructor(
    message: string,
    /** The registry's own code: 40403 for a schema that it has not, 409 for an incompatible one … */
    readonly code: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The registry is not there now, or something that is no registry answers in its place. Trying again may help. */
export function registryAway(url: string, why: string, cause?: unknown): BrokerError {
  return new BrokerError(`the schema registry ${url} ${why}`, 'retriable', 'REGISTRY', { cause });
}

/** The codes that programs look at. */
export const REGISTRY_CODES = Object.freeze({
  incompatible: 409,
  unknownSubject: 40401,
  unknownVersion: 40402,
  unknownSchema: 40403,
  softDeletedSubject: 40404,
  notSoftDeletedSubject: 40405,
  softDeletedVersion: 40406,
  notSoftDeletedVersion: 40407,
  noSubjectLevel: 40408,
  noSubjectMode: 40409,
  invalidSchema: 42201,
  invalidVersion: 42202,
  invalidLevel: 42203,
  invalidMode: 42204,
  notPermitted: 42205,
});
