/**
 * Where bytes say which schema they are written with: before the value, `00` and the id in four bytes, big-endian; or in
 * a header, and then the value stands alone.
 *
 * Source: Confluent's wire format; `io.confluent.kafka.serializers.schema.id.SchemaId` of version 8 for the headers.
 */
import type { Headers } from '../../record.js';
import type { RecordPart } from '../encoding.js';

/** A schema's id: a number within its registry, or a UUID. */
export type SchemaId = number | string;

/** Bytes before the value. */
export const PREFIX_LENGTH = 5;

const MAGIC_ID = 0;
const MAGIC_GUID = 1;
const HEADERS = { key: '__key_schema_id', value: '__value_schema_id' } as const;

export function writePrefix(bytes: Buffer, id: number): void {
  bytes[0] = MAGIC_ID;
  bytes.writeInt32BE(id, 1);
}

/** The id in the headers; undefined where they hold none. */
export function idInHeaders(headers: Headers, part: RecordPart): SchemaId | undefined {
  const name = HEADERS[part];
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!;
    if (key !== name || value === null) continue;
    if (value[0] === MAGIC_ID && value.length === PREFIX_LENGTH) return value.readInt32BE(1);
    if (value[0] === MAGIC_GUID && value.length === 17) return uuid(value.toString('hex', 1));
  }
  return undefined;
}

/** The id before the value; undefined where there is none. */
export function idBefore(bytes: Buffer): number | undefined {
  return bytes.length >= PREFIX_LENGTH && bytes[0] === MAGIC_ID ? bytes.readInt32BE(1) : undefined;
}

/** Why bytes without an id are no Avro of a registry, in words for a person. */
export function noIdError(bytes: Buffer): Error {
  const json = bytes[0] === 0x7b || bytes[0] === 0x22;
  const seen =
    bytes.length === 0
      ? 'there are no bytes'
      : bytes.length < PREFIX_LENGTH && bytes[0] === MAGIC_ID
        ? `there are only ${bytes.length} bytes`
        : `the first byte is 0x${bytes[0]!.toString(16).padStart(2, '0')}${json ? ', as in JSON' : ''}`;
  return new Error(
    `the bytes do not begin with 00 and the id of a schema, as the serializers of a registry write them: ${seen}` +
      `${json ? '. Is the encoding of the topic connect-json or json?' : ''}`,
  );
}

function uuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
