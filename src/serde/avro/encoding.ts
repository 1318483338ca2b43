/** The encoding Avro, with its schemas in a registry. */
import { type Clock, systemClock } from '../../clock.js';
import type { ConnectSchema } from '../../record.js';
import { RegistryClient } from '../../registry/client.js';
import type { RegistryAddress } from '../../registry/rest.js';
import type { SubjectNameStrategy } from '../../registry/subject-name.js';
import type { Encoding, RecordPart } from '../encoding.js';
import { avroChanges } from './avro-changes.js';
import { type AvroSchemas, AvroSerde } from './avro-serde.js';
import type { AvroContract } from './contract.js';
import { contractSerde } from './contract-serde.js';
import { KnownSchemas } from './known-schemas.js';
import { RegisteredSchemas } from './registered-schemas.js';

/** How topics are encoded in Avro, and which registry knows their schemas. */
export interface AvroOptions {
  /** The registry: `http://host:port`, with the path where there is one (Apicurio: `/apis/ccompat/v7`). */
  readonly registry: string;
  readonly auth?: RegistryAddress['auth'];
  /** Milliseconds until a call to the registry counts as unanswered. Default 5,000. */
  readonly timeoutMs?: number;
  /** What a schema is registered under. Default: `TopicNameStrategy`, as in Confluent's serializers. */
  readonly subjects?: SubjectNameStrategy;
  /** What becomes of a schema that its subject has not. Default: `register`. */
  readonly missing?: 'register' | 'refuse';
  /** Tells how long an unknown id is unknown. Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Avro in the wire format of Confluent's serializers, which Debezium's converters write too.
 *
 * Schemas are fetched once for each id, and registered once for each subject. Longs are exact, decimals are texts: the
 * types of `docs/types.md`, whatever the encoding.
 *
 * @throws ConfigurationError when the address of the registry is none
 * @example
 * export default defineConfig({ 'application.id': 'car-prices', encoding: avro({ registry: 'http://localhost:8081' }) });
 */
export function avro(options: AvroOptions): Encoding {
  const {
    registry,
    auth,
    timeoutMs,
    subjects = 'TopicNameStrategy',
    missing = 'register',
    clock = systemClock,
  } = options;
  const client = new RegistryClient({
    url: registry,
    ...(auth === undefined ? {} : { auth }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return avroEncoding({
    known: new KnownSchemas(client, clock),
    registered: new RegisteredSchemas(client, missing, clock),
    subjects,
  });
}

/** Avro with schemas that come from wherever. */
export function avroEncoding(schemas: AvroSchemas): Encoding {
  return Object.freeze({
    name: 'avro',
    schemas: 'carried',
    values: <T>(part: RecordPart) => new AvroSerde<T>(schemas, part),
    changes: <Row>(_schemaless: ConnectSchema | undefined) => avroChanges<Row>(schemas),
    contract: <T>(part: RecordPart, contract: AvroContract) => contractSerde<T>(schemas, part, contract),
  } satisfies Encoding);
}
