/**
 * What Connect's Avro converters keep of Connect's schemas in Avro's attributes.
 *
 * Source: Confluent's `AvroData` (the converter of the recorded Avro, Apicurio's, is a fork of it).
 */

export const CONNECT_NAME = 'connect.name';
export const CONNECT_VERSION = 'connect.version';
export const CONNECT_DOC = 'connect.doc';
export const CONNECT_PARAMETERS = 'connect.parameters';
export const CONNECT_DEFAULT = 'connect.default';
/** On `int`: the narrower type that it stands for. */
export const CONNECT_TYPE = 'connect.type';
/** On the records of which a map with other keys than texts is an array. */
export const CONNECT_INTERNAL_TYPE = 'connect.internal.type';
export const MAP_ENTRY = 'MapEntry';

/** Where nameless structs and map entries are named. */
export const CONNECT_NAMESPACE = 'io.confluent.connect.avro';
export const NAMELESS_STRUCT = `${CONNECT_NAMESPACE}.ConnectDefault`;
export const NAMELESS_ENTRY = `${CONNECT_NAMESPACE}.${MAP_ENTRY}`;

/** The precision of a decimal whose schema says none. */
export const UNSAID_PRECISION = 64;

export const CONNECT_DATE = 'org.apache.kafka.connect.data.Date';
export const CONNECT_TIME = 'org.apache.kafka.connect.data.Time';
export const CONNECT_TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp';

/** Avro's logical types that are types of Connect: their name, and the Avro type that they are of. */
export const LOGICAL_TIMES: readonly {
  readonly logicalType: string;
  readonly on: 'int' | 'long';
  readonly connect: string;
}[] = Object.freeze([
  { logicalType: 'date', on: 'int', connect: CONNECT_DATE },
  { logicalType: 'time-millis', on: 'int', connect: CONNECT_TIME },
  { logicalType: 'timestamp-millis', on: 'long', connect: CONNECT_TIMESTAMP },
]);
