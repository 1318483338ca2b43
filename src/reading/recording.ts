/**
 * Recorded records: one JSON object a line, `{"offset":…,"timestamp":…,"key":…,"value":…,"headers":…}`, key and value in
 * base64 or null. `headers` is a list of objects with one property each, a text, null, or `{"base64":…}` for bytes that
 * are no UTF-8. Records of a topic with several partitions have `"partition"` too.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Broker, ConsumedRecord } from '../brokers/port.js';
import { asError, ConfigurationError } from '../errors.js';
import type { Header, Headers } from '../record.js';
import { partitionsOf, type ReadRange, readRange } from './bounded-read.js';

/** A record as it lay in its topic. */
export type RecordedRecord = Omit<ConsumedRecord, 'topic'>;

/** What {@link recordTopic} may be told. */
export interface RecordOptions extends ReadRange {
  /** Records, at most. Default: all of the range. */
  readonly limit?: number;
}

/**
 * Writes the records of a topic, or of a part of it, to a file. What was in the file is replaced.
 *
 * @returns how many were written
 * @throws ConfigurationError when the topic does not exist or the file cannot be written
 * @example
 * await recordTopic(broker, 'car_database.public.car_data', 'test/fixtures/cars.jsonl', { limit: 100 });
 */
export async function recordTopic(
  broker: Broker,
  topic: string,
  file: string,
  { limit = Number.POSITIVE_INFINITY, ...range }: RecordOptions = {},
): Promise<number> {
  const several = (await partitionsOf(broker, topic)).length > 1;
  let written = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const records of readRange(broker, topic, range)) {
      for (const record of records) {
        if (written >= limit) return;
        yield `${lineOf(record, several)}\n`;
        written += 1;
      }
    }
  }
  const out = createWriteStream(file);
  const opened = new Promise<void>((resolve, reject) => {
    out.once('open', () => resolve());
    out.once('error', (thrown) => {
      const message = `--to ${file} cannot be written: ${asError(thrown).message}`;
      reject(new ConfigurationError(message, 'to', { cause: thrown }));
    });
  });
  await opened;
  await pipeline(lines(), out);
  return written;
}

/**
 * Reads the text of a file of recorded records.
 *
 * @param name of the file, for the message
 * @throws Error naming the line that is no recorded record
 */
export function parseRecording(text: string, name: string): readonly RecordedRecord[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [recordFrom(JSON.parse(line) as Line)];
    } catch (thrown) {
      throw new Error(
        `line ${index + 1} of ${name} is no recorded record ({"offset","timestamp","key","value","headers"}): ` +
          asError(thrown).message,
        { cause: thrown },
      );
    }
  });
}

interface Line {
  readonly partition?: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly Readonly<Record<string, HeaderText>>[];
}

type HeaderText = string | null | { readonly base64: string };

function lineOf({ partition, offset, timestamp, key, value, headers }: ConsumedRecord, several: boolean): string {
  const line: Line = {
    ...(several ? { partition } : {}),
    offset,
    timestamp,
    key: key?.toString('base64') ?? null,
    value: value?.toString('base64') ?? null,
    headers: headers.map((header) => ({ [header.key]: headerText(header) })),
  };
  return JSON.stringify(line);
}

function headerText({ value }: Header): HeaderText {
  if (value === null) return null;
  const text = value.toString();
  return Buffer.from(text).equals(value) ? text : { base64: value.toString('base64') };
}

function recordFrom({ partition = 0, offset, timestamp, key, value, headers }: Line): RecordedRecord {
  if (!Number.isInteger(offset)) throw new Error(`its offset is ${offset}`);
  if (typeof timestamp !== 'number') throw new Error(`its timestamp is ${timestamp}`);
  return {
    partition,
    offset,
    timestamp,
    key: bytesOf(key, 'key'),
    value: bytesOf(value, 'value'),
    headers: headersOf(headers),
  };
}

function bytesOf(base64: unknown, part: string): Buffer | null {
  if (base64 === null) return null;
  if (typeof base64 !== 'string') throw new Error(`its ${part} is neither base64 nor null`);
  return Buffer.from(base64, 'base64');
}

function headersOf(headers: Line['headers'] = []): Headers {
  return headers.flatMap((each) =>
    Object.entries(each).map(([key, text]) => {
      if (text === null || typeof text === 'string') return { key, value: text === null ? null : Buffer.from(text) };
      return { key, value: Buffer.from(text.base64, 'base64') };
    }),
  );
}
