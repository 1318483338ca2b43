/**
 * Change markers as JSON: for each `["lsn",tsMs,snapshot,"op","topic",partition,offset]`, after a delete with `deletedAt`
 * and `tombstone` behind them. One is written for every change and kept for every key; names would be half of it.
 */
import type { ChangeOperation } from '../record.js';
import { hasExactDigits, JsonBlock, type Written } from '../serde/json-block.js';
import { COMMA } from '../serde/json-bytes.js';
import { pieceOf } from '../serde/json-piece.js';
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
      const usual = markers.length === 1 ? block.write(marker!, putOne) : undefined;
      return usual ?? Buffer.from(JSON.stringify(markers.map(fieldsOf)));
    },
    deserialize(bytes: Buffer | null) {
      if (bytes === null) return null;
      const read = parseJson(bytes) as readonly (ChangeMarker | Fields)[];
      return read.map((each) => (Array.isArray(each) ? markerOf(each as unknown as Fields) : (each as ChangeMarker)));
    },
  });
}

/** The markers of a key with one topic, as they mostly are. */
function putOne(block: JsonBlock, marker: ChangeMarker): Written {
  const { lsn, tsMs, snapshot } = marker.position;
  const isDeleted = marker.deletedAt !== undefined || marker.tombstone !== undefined;
  if (isDeleted || lsn === null || !hasExactDigits(tsMs)) return 'unusual';
  const hasRoom =
    block.piece(START) &&
    block.newText(lsn) &&
    block.byte(COMMA) &&
    block.number(tsMs) &&
    block.piece(snapshot ? SNAPSHOT : NO_SNAPSHOT) &&
    block.text(marker.op) &&
    block.byte(COMMA) &&
    block.text(marker.topic) &&
    block.byte(COMMA) &&
    block.number(marker.partition) &&
    block.byte(COMMA) &&
    block.number(marker.offset) &&
    block.piece(END);
  return hasRoom ? 'whole' : 'no room';
}

const START = pieceOf('[[');
const SNAPSHOT = pieceOf(',true,');
const NO_SNAPSHOT = pieceOf(',false,');
const END = pieceOf(']]');

function fieldsOf({ position, op, topic, partition, offset, deletedAt, tombstone }: ChangeMarker): Fields {
  const { lsn, tsMs, snapshot } = position;
  if (deletedAt === undefined && tombstone === undefined) return [lsn, tsMs, snapshot, op, topic, partition, offset];
  return [lsn, tsMs, snapshot, op, topic, partition, offset, deletedAt ?? null, tombstone ?? null];
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
