/** A topology with a bug that can be mended, and what its tests need around it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Application } from '../../src/app/application.js';
import type { ApplicationConfig } from '../../src/app/config.js';
import type { Broker, ConsumedRecord } from '../../src/brokers/port.js';
import { mapValues } from '../../src/operators/map-values.js';
import { readRange } from '../../src/reading/bounded-read.js';
import { json } from '../../src/serde/json.js';
import { string } from '../../src/serde/primitives.js';
import { memoryEngines } from '../../src/state/memory.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';

export interface Order {
  readonly n: number;
}

/** An order, and where the topology saw it. */
export interface Shipped extends Order {
  readonly at: string;
  readonly headers: readonly string[];
}

export const ID = 'shipping';
export const PARTITIONS = 3;
export const orders = topic('orders', { key: string(), value: json<Order>() });
export const shipped = topic('shipped', { key: string(), value: json<Shipped>() });
export const DEAD = 'orders-dead';

/** @param bug which orders make it throw */
export function shipping(bug: (order: Order) => boolean = () => false) {
  return topology('shipping', ({ stream }) => {
    stream(orders)
      .pipe(
        mapValues((order: Order, { topic: of, partition, offset, headers }): Shipped => {
          if (bug(order)) throw new TypeError(`cannot ship ${order.n}`);
          return { ...order, at: `${of}-${partition}@${offset}`, headers: headers.map(({ key }) => key) };
        }),
      )
      .to(shipped);
  });
}

export async function createTopics(broker: Broker): Promise<void> {
  const admin = await broker.admin();
  await admin.createTopics([orders.name, shipped.name, DEAD].map((name) => ({ topic: name, partitions: PARTITIONS })));
  await admin.close();
}

export async function send(broker: Broker, sent: readonly (readonly [key: string, order: Order])[]): Promise<void> {
  const producer = await broker.producer({});
  for (const [key, order] of sent) {
    const value = Buffer.from(JSON.stringify(order));
    const headers = [{ key: 'via', value: Buffer.from('test') }];
    producer.produce({
      topic: orders.name,
      partition: undefined,
      key: Buffer.from(key),
      value,
      timestamp: order.n,
      headers,
    });
  }
  await producer.flush(30_000);
  await producer.close();
}

export function application(
  broker: Broker,
  declared = shipping(),
  config: Partial<ApplicationConfig> = {},
): Application {
  return new Application(
    declared,
    {
      'application.id': ID,
      'processing.guarantee': 'exactly_once_v2',
      'instance.id': 'only',
      'processing.exception.handler': 'dead-letter',
      'errors.dead.letter.queue.topic.name': DEAD,
      ...config,
    },
    { broker, engines: memoryEngines() },
  );
}

/** Runs the application until it has read so many records and finished them. */
export async function runUntil(app: Application, records: number): Promise<void> {
  await app.start();
  await eventually(() => app.status.read - app.status.inFlight >= records);
  await app.drain();
  if (app.failure !== undefined) throw app.failure;
}

/** Waits, at most a minute, letting everything else run. */
export async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited a minute in vain');
    await nextTurn();
  }
}

export async function readAll(broker: Broker, name: string): Promise<readonly ConsumedRecord[]> {
  const all: ConsumedRecord[] = [];
  for await (const records of readRange(broker, name)) all.push(...records);
  return all;
}

export async function shippedOrders(broker: Broker): Promise<readonly Shipped[]> {
  const records = await readAll(broker, shipped.name);
  return records.map(({ value }) => JSON.parse(String(value)) as Shipped).sort((a, b) => a.n - b.n);
}
