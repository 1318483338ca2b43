/**
 * The JSON of change markers, put together by hand: one is written for every change, and `JSON.stringify` takes three
 * times as long. The text is the same.
 */
import { json } from '../serde/json.js';
import type { Serde } from '../serde/serde.js';
import type { ChangeMarker, ChangeMarkers } from './change-markers.js';

/** What the store of change markers is written with. */
export function changeMarkersJson(): Serde<ChangeMarkers> {
  const plain = json<ChangeMarkers>();
  const quoted = quotedNames();
  return Object.freeze({
    ...plain,
    serialize(markers: ChangeMarkers | null) {
      if (markers === null) return null;
      if (markers.length === 1) return Buffer.from(`[${textOf(markers[0]!, quoted)}]`);
      return Buffer.from(`[${markers.map((marker) => textOf(marker, quoted)).join(',')}]`);
    },
  });
}

function textOf(marker: ChangeMarker, quoted: (name: string) => string): string {
  const { position, op, topic, partition, offset, deletedAt, tombstone } = marker;
  const lsn = position.lsn === null ? 'null' : `"${position.lsn}"`;
  return (
    `{"position":{"lsn":${lsn},"tsMs":${position.tsMs},"snapshot":${position.snapshot}},"op":"${op}",` +
    `"topic":${quoted(topic)},"partition":${partition},"offset":${offset}` +
    (deletedAt === undefined ? '' : `,"deletedAt":${deletedAt}`) +
    (tombstone === undefined ? '}' : `,"tombstone":${tombstone}}`)
  );
}

/** A task reads few topics, so that the last name is mostly the next. */
function quotedNames(): (name: string) => string {
  let last = '';
  let text = '""';
  return (name) => {
    if (name !== last) {
      text = JSON.stringify(name);
      last = name;
    }
    return text;
  };
}
