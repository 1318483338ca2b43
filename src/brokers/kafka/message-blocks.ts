/**
 * Messages out of blocks of memory, as `native/src/fetch.cc` lays them out: the bytes of many messages side by side, and a
 * table that says where.
 */
import { type Header, type Headers, NO_HEADERS } from '../../record.js';
import type { ConsumedRecord } from '../port.js';

/** Columns of the table, a row for each message. Lengths are -1 for null; that of headers also where there are none. */
const [TOPIC, PARTITION, BLOCK, START, KEY_LENGTH, VALUE_LENGTH, HEADERS_LENGTH, COLUMNS] = [0, 1, 2, 3, 4, 5, 6, 7];

export class MessageBlocks {
  /** Each answer brings copies of the topics' names, which are to be one. */
  readonly #topics = new Map<string, string>();

  topic(name: string): string {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    this.#topics.set(name, name);
    return name;
  }

  records(
    count: number,
    memory: readonly ArrayBuffer[],
    names: readonly string[],
    offsetsAndTimes: ArrayBuffer,
    table: ArrayBuffer,
  ): ConsumedRecord[] {
    const blocks = memory.map((block) => Buffer.from(block));
    const topics = names.map((name) => this.topic(name));
    const doubles = new Float64Array(offsetsAndTimes);
    const row = new Int32Array(table);
    const records = new Array<ConsumedRecord>(count);
    for (let i = 0, at = 0; i < count; i++, at += COLUMNS) {
      const block = blocks[row[at + BLOCK]!]!;
      const [keyLength, valueLength] = [row[at + KEY_LENGTH]!, row[at + VALUE_LENGTH]!];
      const start = row[at + START]!;
      const behindKey = keyLength < 0 ? start : start + keyLength;
      const behindValue = valueLength < 0 ? behindKey : behindKey + valueLength;
      const headersLength = row[at + HEADERS_LENGTH]!;
      records[i] = {
        topic: topics[row[at + TOPIC]!]!,
        partition: row[at + PARTITION]!,
        offset: doubles[2 * i]!,
        key: keyLength < 0 ? null : block.subarray(start, behindKey),
        value: valueLength < 0 ? null : block.subarray(behindKey, behindValue),
        timestamp: doubles[2 * i + 1]!,
        headers: headersLength < 0 ? NO_HEADERS : readHeaders(block.subarray(behindValue, behindValue + headersLength)),
      };
    }
    return records;
  }
}

/** Each header is two lengths in 32 bits of this machine, a name, and a value; a value's length is -1 for null. */
function readHeaders(bytes: Buffer): Headers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headers: Header[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [nameLength, valueLength] = [view.getInt32(at, LITTLE_ENDIAN), view.getInt32(at + 4, LITTLE_ENDIAN)];
    const name = at + 8;
    const value = name + nameLength;
    at = value + Math.max(valueLength, 0);
    headers.push({
      key: bytes.toString('utf8', name, value),
      value: valueLength < 0 ? null : bytes.subarray(value, at),
    });
  }
  return headers.length === 0 ? NO_HEADERS : headers;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
