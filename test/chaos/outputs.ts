/** What is in the output topic, held against what must be there. */
import type { Broker } from '../../src/brokers/port.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { CHANGE_HEADER, type Row } from './changes.js';
import { type Expected, identityOf } from './expected.js';
import type { Prices } from './prices.js';

/** A change that is in the output more often than once. */
export interface Duplicate {
  readonly identity: string;
  /** When the broker took two copies that follow each other; milliseconds since the epoch. */
  readonly first: number;
  readonly next: number;
}

/** What was found. */
export interface OutputFindings {
  readonly found: number;
  readonly lost: readonly string[];
  readonly duplicates: readonly Duplicate[];
  /** Outputs of no change of the input. */
  readonly unknown: number;
  /** Rows that are not the change's row, or lack a price; prices that are wrong are counted by {@link Prices}. */
  readonly wrongRows: number;
  /** Outputs that come after a later one of their key. */
  readonly overtaken: number;
  /** Keys whose last output is not that of their last change. */
  readonly staleEnds: number;
  /** By partition: when the broker took each output; milliseconds since the epoch. */
  readonly times: ReadonlyMap<number, readonly number[]>;
}

/** @param topic with `message.timestamp.type` `LogAppendTime`; it is read as read_committed */
export async function outputFindings(
  broker: Broker,
  topic: string,
  expected: Expected,
  prices: Prices,
): Promise<OutputFindings> {
  const copies = new Map<string, number[]>();
  const lastLsn = new Map<string, number>();
  const times = new Map<number, number[]>();
  let [found, unknown, wrongRows, overtaken] = [0, 0, 0, 0];
  for await (const { key, value, headers, partition, timestamp } of readTopic(broker, topic)) {
    found += 1;
    const name = String(key);
    const lsn = Number(headers.find((header) => header.key === CHANGE_HEADER)?.value);
    const identity = identityOf(name, lsn);
    const change = expected.outputs.get(identity);
    if (change === undefined || change.partition !== partition) unknown += 1;
    else if (!isOutputOf(change.row, value, prices)) wrongRows += 1;
    if (lsn < (lastLsn.get(name) ?? 0)) overtaken += 1;
    lastLsn.set(name, lsn);
    append(copies, identity, timestamp);
    append(times, partition, timestamp);
  }
  const lost = [...expected.outputs.keys()].filter((identity) => !copies.has(identity));
  const duplicates = [...copies].flatMap(([identity, at]) =>
    at.slice(1).map((next, index) => ({ identity, first: at[index]!, next })),
  );
  const staleEnds = [...expected.markers].filter(([key, { position }]) => String(lastLsn.get(key)) !== position.lsn);
  return { found, lost, duplicates, unknown, wrongRows, overtaken, staleEnds: staleEnds.length, times };
}

function isOutputOf(row: Row | null, value: Buffer | null, prices: Prices): boolean {
  if (row === null || value === null) return row === null && value === null;
  const { suggestedprice, ...rest } = JSON.parse(String(value)) as Row & { suggestedprice?: unknown };
  if (typeof suggestedprice !== 'number') return false;
  prices.check(row, suggestedprice);
  const names = Object.keys(row) as (keyof Row)[];
  return Object.keys(rest).length === names.length && names.every((name) => rest[name] === row[name]);
}

function append<K>(lists: Map<K, number[]>, key: K, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
