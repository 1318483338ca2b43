/**
 * Encodings of declared topics: what turns a shape into a serde. Which one a topic has is configuration.
 */
import type { Change } from '../cdc/change.js';
import type { ConnectSchema } from '../record.js';
import type { AvroContract } from './avro/contract.js';
import { connectJson, connectJsonPlain } from './connect-json.js';
import { debezium } from './debezium-json.js';
import type { Serde } from './serde.js';

/** Which half of a record a serde is for. Registries keep the schemas of the two apart. */
export type RecordPart = 'key' | 'value';

export interface Encoding {
  readonly name: string;
  /** Whether a schema is needed to write: `carried` where the record carries it or names it, `apart` where it does not. */
  readonly schemas: 'carried' | 'apart';
  /** Values of any schema: it is in the context after reading and before writing. */
  values<T>(part: RecordPart): Serde<T>;
  /**
   * Debezium's changes.
   * @param schemaless the envelope's schema for records that carry none
   */
  changes<Row>(schemaless: ConnectSchema | undefined): Serde<Change<Row>>;
  /** Values that are read as a contract says, whatever version they were written with; absent where that cannot be. */
  contract?<T>(part: RecordPart, contract: AvroContract): Serde<T>;
}

/** Connect's JSON with the schema in each record. */
export const connectJsonEncoding: Encoding = Object.freeze({
  name: 'connect-json',
  schemas: 'carried',
  values: <T>() => connectJson<T>(),
  changes: <Row>(schemaless: ConnectSchema | undefined) => debezium<Row>(envelopes('connect-json', schemaless)),
});

/** Connect's JSON without schemas. */
export const jsonEncoding: Encoding = Object.freeze({
  name: 'json',
  schemas: 'apart',
  values: <T>() => connectJsonPlain<T>(),
  changes: <Row>(schemaless: ConnectSchema | undefined) => debezium<Row>(envelopes('json', schemaless)),
});

function envelopes(writes: 'connect-json' | 'json', schemaless: ConnectSchema | undefined) {
  return schemaless === undefined ? { writes } : { writes, schemaless };
}

/** Encodings that need no settings. */
export type EncodingName = 'connect-json' | 'json';

/** The encodings that need no settings, by the names used in a configuration. */
export const ENCODINGS: ReadonlyMap<string, Encoding> = new Map(
  [connectJsonEncoding, jsonEncoding].map((encoding) => [encoding.name, encoding]),
);
