/**
 * Change markers as JSON: for each `["lsn",tsMs,snapshot,"op","topic",partition,offset]`, after a delete with `deletedAt`
 * and `tombstone` behind them. One is written for every change and kept for every key; names would be half of it.
 */
import type { ChangeOperation } from '../record.js';
import { parseJson } from '../serde/json-text.js';
import type { Serde } from '../serde/serde.js';
import type { ChangeMarker, ChangeMarkers } from './change-markers.js';
import { quotedAgain } from './quoted.js';

/** In their order; null where there is none. */
type Fields = readonly [
  lsn: string | null,
  tsMs: number,
  snapshot: boolean,
  op: ChangeOperation,
  topic: string,
  partition: number,
  offset: number,
  deletedAt?: number | null,
  tombstone?: number,
];

/** What the store of change markers is written with. It also reads the objects that were written before. */
export function changeMarkersJson(): Serde<ChangeMarkers> {
  const quoted = quotedAgain();
  return Object.freeze({
    encoding: 'json',
    serialize(markers: ChangeMarkers | null) {
      if (markers === null) return null;
      if (markers.length === 1) return Buffer.from(`[${textOf(markers[0]!, quoted)}]`);
      return Buffer.from(`[${markers.map((marker) => textOf(marker, quoted)).join(',')}]`);
    },
    deserialize(bytes: Buffer | null) {
      if (bytes === null) return null;
      const read = parseJson(bytes) as readonly (ChangeMarker | Fields)[];
      return read.map((each) => (isFields(each) ? markerOf(each) : each));
    },
  });
}

/** Put together by hand: `JSON.stringify` takes three times as long. */
function textOf(marker: ChangeMarker, quoted: (name: string) => string): string {
  const { position, op, topic, partition, offset, deletedAt, tombstone } = marker;
  const lsn = position.lsn === null ? 'null' : `"${position.lsn}"`;
  return (
    `[${lsn},${position.tsMs},${position.snapshot},"${op}",${quoted(topic)},${partition},${offset}` +
    (deletedAt === undefined && tombstone === undefined ? '' : `,${deletedAt ?? null}`) +
    (tombstone === undefined ? ']' : `,${tombstone}]`)
  );
}

function isFields(read: ChangeMarker | Fields): read is Fields {
  return Array.isArray(read);
}

function markerOf([lsn, tsMs, snapshot, op, topic, partition, offset, deletedAt, tombstone]: Fields): ChangeMarker {
  return {
    position: { lsn, tsMs, snapshot },
    op,
    topic,
    partition,
    offset,
    ...(typeof deletedAt === 'number' ? { deletedAt } : {}),
    ...(tombstone === undefined ? {} : { tombstone }),
  };
}
