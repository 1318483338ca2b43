/** Records of Debezium 3.6 as they were recorded: see `test/fixtures/debezium-3.6/drive.sql` for what was done. */
import { readFileSync } from 'node:fs';
import type { SerdeContext } from '../../src/serde/serde.js';

export interface RecordedRecord {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

export function recorded(file: 'json.jsonl' | 'json-with-schema.jsonl'): readonly RecordedRecord[] {
  const lines = readFileSync(new URL(`../fixtures/debezium-3.6/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const { offset, key, value } = JSON.parse(line) as { offset: number; key: string | null; value: string | null };
    return { offset, key: bytesOf(key), value: bytesOf(value) };
  });
}

function bytesOf(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}

export function contextOf(topic = 'cars', schema?: SerdeContext['schema']): SerdeContext {
  return { topic, headers: [], schema };
}
