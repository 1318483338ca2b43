/**
 * `millrace run topology/car-prices.ts` on a real Kafka under names of its own, to break something beside it; then what it
 * has left is counted.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { listings } from '../../models/ford/listings.js';
import { type Car, carChanges, type PricedCar, pricedCars } from '../../schemas/cars.js';
import { kafkaBroker } from '../../src/brokers/kafka/index.js';
import type { LibrdkafkaSettings } from '../../src/brokers/kafka/options.js';
import type { Broker } from '../../src/brokers/port.js';
import { NO_HEADERS } from '../../src/record.js';
import { readTopic } from '../../src/replay/read-topic.js';
import { carSource } from '../car-source.js';
import { MillraceProcess } from '../e2e/millrace-process.js';

const LOOK_EVERY_MS = 100;

/** What the output topic holds of the cars that were written. Without a failure of ours both lists are empty. */
export interface Audit {
  /** Ids of cars without an output, or without a price. */
  readonly lost: readonly number[];
  /** Ids of cars with more than one. */
  readonly twice: readonly number[];
}

export class CarPricesRun {
  readonly input: string;
  readonly output: string;
  readonly deadLetters: string;
  readonly #name: string;
  readonly #servers: string;
  readonly #folder: string;
  readonly #broker: Broker;
  readonly #cars = listings(3);
  readonly #processes: MillraceProcess[] = [];
  #written = 0;

  private constructor(servers: string, folder: string, name: string, librdkafka: LibrdkafkaSettings) {
    this.#servers = servers;
    this.#folder = folder;
    this.#name = name;
    this.#broker = kafkaBroker({ 'bootstrap.servers': servers, librdkafka });
    this.input = `${name}-in`;
    this.output = `${name}-out`;
    this.deadLetters = `${name}-dead`;
  }

  /**
   * Creates the topics of a run.
   *
   * @param name the `application.id`
   * @param folder for its state
   * @param librdkafka how the topics are reached
   */
  static async make(
    servers: string,
    folder: string,
    name: string,
    partitions = 2,
    librdkafka: LibrdkafkaSettings = {},
  ): Promise<CarPricesRun> {
    const run = new CarPricesRun(servers, folder, name, librdkafka);
    const admin = await run.#broker.admin();
    await admin.createTopics([
      { topic: run.input, partitions },
      { topic: run.output, partitions },
      { topic: run.deadLetters, partitions: 1 },
    ]);
    await admin.close();
    return run;
  }

  /** Starts a process; without further arguments with the model in process. */
  start(args: readonly string[] = ['--set', 'models.ford-price=ford-price-onnx'], env = {}): MillraceProcess {
    const names = { [carChanges.name]: this.input, [pricedCars.name]: this.output };
    const started = new MillraceProcess(
      [
        ...['run', 'topology/car-prices.ts', '--json', '--bootstrap-servers', this.#servers],
        ...['--application-id', this.#name, '--state-dir', join(this.#folder, 'state'), '--set', 'encoding=json'],
        ...Object.entries(names).flatMap(([declared, actual]) => ['--set', `topics.${declared}=${actual}`]),
        ...['--set', `errors.dead.letter.queue.topic.name=${this.deadLetters}`],
        ...args,
      ],
      { env },
    );
    this.#processes.push(started);
    return started;
  }

  /**
   * Writes changes of `count` cars, round the partitions. @returns their ids
   *
   * @param cars how many there are: after the last one comes the first again. Without it each is new.
   */
  async write(count: number, cars = Number.POSITIVE_INFINITY): Promise<readonly number[]> {
    const admin = await this.#broker.admin();
    const partitions = (await admin.partitionCount(this.input))!;
    await admin.close();
    const producer = await this.#broker.producer({});
    const numbers = Array.from({ length: count }, () => this.#written++);
    for (const number of numbers) {
      const id = number % cars;
      const { id: _, ...listing } = this.#cars.next().value!;
      producer.produce({
        topic: this.input,
        partition: id % partitions,
        key: Buffer.from(JSON.stringify({ id })),
        value: Buffer.from(JSON.stringify(inserted({ id, ...listing }, number))),
        timestamp: Date.now(),
        headers: NO_HEADERS,
      });
    }
    await producer.flush(60_000);
    await producer.close();
    return numbers.map((number) => number % cars);
  }

  /** The cars in a topic, as they lie in it. */
  async cars(topic = this.output): Promise<readonly PricedCar[]> {
    const found: PricedCar[] = [];
    for await (const { value } of readTopic(this.#broker, topic)) found.push(JSON.parse(String(value)) as PricedCar);
    return found;
  }

  /** Waits until as many outputs are there as cars were written (or they have stopped coming), and counts. */
  async audited(patienceMs = 30_000): Promise<Audit> {
    const until = Date.now() + patienceMs;
    let cars = await this.cars();
    while (cars.length < this.#written && Date.now() < until) {
      await wait(LOOK_EVERY_MS);
      cars = await this.cars();
    }
    const seen = new Map<number, number>();
    for (const { id, suggestedprice } of cars) {
      if (typeof suggestedprice === 'number') seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    const ids = Array.from({ length: this.#written }, (_, id) => id);
    return { lost: ids.filter((id) => !seen.has(id)), twice: ids.filter((id) => (seen.get(id) ?? 0) > 1) };
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const each of this.#processes) if (!each.hasEnded) await each.end('SIGTERM');
    await this.#broker.close();
  }
}

/** A change event as Debezium writes it. @param number of the change: a later one of the same car has a higher position */
function inserted(car: Car, number: number) {
  const at = Date.now();
  return { before: null, after: car, source: carSource(30_000_000 + number * 64, at), op: 'c', ts_ms: at };
}
