import pg from 'pg';
import { pricedCars } from '../../schemas/cars.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { Broker } from '../../src/brokers/port.js';
import { MillraceProcess } from '../../test/e2e/millrace-process.js';
import { RunningStack } from '../../test/stack/running-stack.js';
import { SOURCE } from '../change-events.js';
import type { Path } from './path.js';

const FORMAT = 'connect-json';
const FIRST_PRICE_WITHIN_MS = 60_000;

/** The real stack: PostgreSQL, Debezium, Kafka, `millrace run`, BentoML, Debezium's JDBC sink. */
export async function stackPath(): Promise<Path> {
  const stack = await RunningStack.start(FORMAT);
  const worker = new MillraceProcess(['run', 'topology/car-prices.ts', '--json'], { env: stack.settings(FORMAT) });
  const database = stack.endpointOf('postgres');
  await priceOne(database);
  const broker = kafkaBroker({ 'bootstrap.servers': stack.endpointOf('kafka') });
  const changes = await Arrivals.watch(broker, SOURCE);
  const prices = await Arrivals.watch(broker, pricedCars.name);
  return {
    name: 'real stack: Debezium, Kafka, millrace run, BentoML, JDBC sink',
    database,
    stages: () => [
      {
        name: 'committed until the change is in Kafka (Debezium)',
        from: (row) => row.committed,
        to: ({ id }) => changes.of(id),
      },
      {
        name: 'until the priced row is committed in Kafka (millrace, BentoML)',
        from: ({ id }) => changes.of(id),
        to: ({ id }) => prices.of(id),
      },
      { name: 'until it is in the table (JDBC sink)', from: ({ id }) => prices.of(id), to: (row) => row.visible },
    ],
    async stop() {
      await changes.close();
      await prices.close();
      await worker.end('SIGTERM');
      await stack.remove();
    },
  };
}

/** One row, so that the sink makes its table. */
async function priceOne(database: string): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await client.query(`insert into car_data (model, year, transmission, mileage, fueltype, tax, mpg, enginesize)
    values ('Focus', 2018, 'Manual', 9083, 'Petrol', 150, 57.7, 1)`);
  const until = performance.now() + FIRST_PRICE_WITHIN_MS;
  const isPriced = async () => {
    const { rows } = await client.query(`select to_regclass('car_data_predicted') is not null as there`);
    return rows[0].there as boolean;
  };
  while (!(await isPriced())) {
    if (performance.now() > until) throw new Error('the first row was not priced in time');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await client.end();
}

/** When the records of a topic came, by the id in their key: what a consumer sees that reads what is committed. */
class Arrivals {
  readonly #times = new Map<number, number>();
  #isOver = false;
  #reading: Promise<void> = Promise.resolve();

  static async watch(broker: Broker, topic: string): Promise<Arrivals> {
    const arrivals = new Arrivals();
    const admin = await broker.admin();
    const count = (await admin.partitionCount(topic)) ?? 0;
    await admin.close();
    const consumer = await broker.consumer({ offsetReset: 'latest', isolation: 'read_committed' });
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }));
    const ends = await Promise.all(partitions.map((partition) => consumer.watermarks(partition)));
    consumer.assign(partitions.map((partition, index) => ({ ...partition, offset: ends[index]!.high })));
    arrivals.#reading = arrivals.#read(consumer);
    return arrivals;
  }

  async #read(consumer: Awaited<ReturnType<Broker['consumer']>>): Promise<void> {
    while (!this.#isOver) {
      const records = await consumer.poll(1_000, 100);
      const now = performance.now();
      for (const { key } of records) {
        const { payload } = JSON.parse(key!.toString()) as { payload: { id: number } };
        if (!this.#times.has(payload.id)) this.#times.set(payload.id, now);
      }
    }
    await consumer.close();
  }

  of(id: number): number {
    const time = this.#times.get(id);
    if (time === undefined) throw new Error(`the record of the car ${id} was not seen`);
    return time;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#reading;
  }
}
