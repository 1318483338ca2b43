/** What must come of the input, worked out from it in a few plain lines that share no code with what is tested. */
import type { ConsumedRecord } from '../../src/brokers/port.js';
import type { Envelope, Row } from './changes.js';

/** A change that must come out once. */
export interface ExpectedOutput {
  readonly partition: number;
  /** The last offset at which it was delivered: until that is committed a crash may bring it back. */
  lastOffset: number;
  /** Null for a delete. */
  readonly row: Row | null;
}

/** What `distinct` must remember of a key. */
export interface ExpectedMarker {
  readonly position: { readonly lsn: string; readonly tsMs: number; readonly snapshot: false };
  readonly op: Envelope['op'];
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly deletedAt?: number;
  tombstone?: number;
}

export interface Expected {
  /** By {@link identityOf}, in the order of each key's changes. */
  readonly outputs: ReadonlyMap<string, ExpectedOutput>;
  /** By key. */
  readonly markers: ReadonlyMap<string, ExpectedMarker>;
  /** The last row of each key that has one: what the model was asked about is remembered. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Records of the input that bring nothing new: delivered again, or tombstones. */
  readonly nothingNew: number;
}

/** A change of a key: what is counted. */
export function identityOf(key: string, lsn: string | number): string {
  return `${key}@${lsn}`;
}

/** @param input all records of the input topic, partition by partition in their order */
export async function expectedOf(input: AsyncIterable<ConsumedRecord>): Promise<Expected> {
  const outputs = new Map<string, ExpectedOutput>();
  const markers = new Map<string, ExpectedMarker>();
  const rows = new Map<string, Row>();
  let nothingNew = 0;
  for await (const { topic, partition, offset, timestamp, key, value } of input) {
    const name = String(key);
    const marker = markers.get(name);
    if (value === null) {
      nothingNew += 1;
      if (marker?.op === 'd') marker.tombstone ??= offset;
      continue;
    }
    const { after, op, source } = JSON.parse(String(value)) as Envelope;
    const identity = identityOf(name, source.lsn);
    if (marker !== undefined && BigInt(source.lsn) <= BigInt(marker.position.lsn)) {
      nothingNew += 1;
      outputs.get(identity)!.lastOffset = offset;
      continue;
    }
    outputs.set(identity, { partition, lastOffset: offset, row: after });
    const position = { lsn: String(source.lsn), tsMs: source.ts_ms, snapshot: false } as const;
    const deleted = op === 'd' ? { deletedAt: timestamp } : {};
    markers.set(name, { position, op, topic, partition, offset, ...deleted });
    if (after === null) rows.delete(name);
    else rows.set(name, after);
  }
  return { outputs, markers, rows, nothingNew };
}
