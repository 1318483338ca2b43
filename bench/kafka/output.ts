/** What a contender has written, read back as its users would read it: committed records alone. */
import type { Broker } from '../../src/brokers/port.js';
import { type Encoding, PARTITIONS } from './job.js';

export interface Output {
  readonly records: number;
  /** Of `suggestedprice`. */
  readonly sum: number;
  /** When the broker appended each record, milliseconds since the epoch, in ascending order. */
  readonly appended: Float64Array;
}

/** Creates the topic. Its broker stamps each record with its own clock, whoever writes it. */
export async function createOutput(broker: Broker, topic: string): Promise<void> {
  const admin = await broker.admin();
  await admin.createTopics([{ topic, partitions: PARTITIONS, config: { 'message.timestamp.type': 'LogAppendTime' } }]);
  await admin.close();
}

export async function removeOutput(broker: Broker, topic: string): Promise<void> {
  const admin = await broker.admin();
  await admin.deleteTopics([topic]);
  await admin.close();
}

export async function readOutput(broker: Broker, topic: string, encoding: Encoding): Promise<Output> {
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
  const ends = await Promise.all(partitions.map((partition) => consumer.watermarks(partition)));
  consumer.assign(partitions.map((partition) => ({ ...partition, offset: 0 })));
  const priceOf = PRICES[encoding];
  const appended: number[] = [];
  let sum = 0;
  // Markers of transactions lie behind the last record: the position passes them, no record does.
  const isRead = () => partitions.every((each, index) => (consumer.position(each) ?? 0) >= ends[index]!.high);
  while (!isRead()) {
    for (const { value, timestamp } of await consumer.poll(10_000, 100)) {
      if (value === null) throw new Error(`${topic} has a tombstone: no contender is to write one`);
      appended.push(timestamp);
      sum += priceOf(value);
    }
  }
  await consumer.close();
  return { records: appended.length, sum, appended: Float64Array.from(appended).sort() };
}

/** The price in a row, wherever its writer put it. */
const PRICES: Readonly<Record<Encoding, (value: Buffer) => number>> = {
  json: priceInJson,
  'connect-json': priceInJson,
  // Added last, and a double is eight bytes.
  avro: (value) => value.readDoubleLE(value.length - 8),
};

const PRICE = '"suggestedprice":';

function priceInJson(value: Buffer): number {
  const at = value.lastIndexOf(PRICE);
  const price = Number.parseFloat(value.toString('latin1', at + PRICE.length, at + PRICE.length + 24));
  if (at < 0 || Number.isNaN(price)) throw new Error(`a row without a price: ${value}`);
  return price;
}
