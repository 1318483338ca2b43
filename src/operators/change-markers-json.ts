/**
 * Change markers as JSON: for each `["lsn",tsMs,snapshot,"op","topic",partition,offset]`, after a delete with `deletedAt`
 * and `tombstone` behind them. One is written for every change and kept for every key; names would be half of it.
 */
import type { ChangeOperation } from '../record.js';
import { JsonBlock, type Written } from '../serde/json-block.js';
import { ARRAY_END, ARRAY_START, COMMA, FALSE, NULL, TRUE } from '../serde/json-bytes.js';
import { parseJson } from '../serde/json-text.js';
import type { Serde } from '../serde/serde.js';
import type { ChangeMarker, ChangeMarkers } from './change-markers.js';

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
  tombstone?: number | null,
];

/** What the store of change markers is written with. It also reads the objects that were written before. */
export function changeMarkersJson(): Serde<ChangeMarkers> {
  const block = new JsonBlock();
  return Object.freeze({
    encoding: 'json',
    serialize(markers: ChangeMarkers | null) {
      if (markers === null) return null;
      const [marker] = markers;
      const usual = markers.length === 1 ? block.write(marker!, putUsual) : undefined;
      return usual ?? Buffer.from(JSON.stringify(markers.map(fieldsOf)));
    },
    deserialize(bytes: Buffer | null) {
      if (bytes === null) return null;
      const read = parseJson(bytes) as readonly (ChangeMarker | Fields)[];
      return read.map((each) => (isFields(each) ? markerOf(each) : each));
    },
  });
}

/** The markers of a key with one topic whose row is there. */
function putUsual(block: JsonBlock, marker: ChangeMarker): Written {
  const { position, op, topic, partition, offset } = marker;
  if (marker.deletedAt !== undefined || marker.tombstone !== undefined) return 'unusual';
  // Of a source that says no time.
  if (!Number.isSafeInteger(position.tsMs)) return 'unusual';
  const hasRoom =
    block.byte(ARRAY_START) &&
    block.byte(ARRAY_START) &&
    (position.lsn === null ? block.bytes(NULL) : block.text(position.lsn)) &&
    block.byte(COMMA) &&
    block.number(position.tsMs) &&
    block.byte(COMMA) &&
    block.bytes(position.snapshot ? TRUE : FALSE) &&
    block.byte(COMMA) &&
    block.text(op) &&
    block.byte(COMMA) &&
    block.text(topic) &&
    block.byte(COMMA) &&
    block.number(partition) &&
    block.byte(COMMA) &&
    block.number(offset) &&
    block.byte(ARRAY_END) &&
    block.byte(ARRAY_END);
  return hasRoom ? 'whole' : 'no room';
}

function fieldsOf({ position, op, topic, partition, offset, deletedAt, tombstone }: ChangeMarker): Fields {
  const { lsn, tsMs, snapshot } = position;
  if (deletedAt === undefined && tombstone === undefined) return [lsn, tsMs, snapshot, op, topic, partition, offset];
  return [lsn, tsMs, snapshot, op, topic, partition, offset, deletedAt ?? null, tombstone ?? null];
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
    ...(typeof tombstone === 'number' ? { tombstone } : {}),
  };
}
