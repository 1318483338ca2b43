/**
 * A client of librdkafka that no longer finds a broker which is there. In the real one that is a race, so here it is a
 * client whose calls are not answered once it is lost.
 */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../../src/brokers/kafka/client.js';
import { openProducer } from '../../../src/brokers/kafka/producer.js';
import type { Producer } from '../../../src/brokers/port.js';
import { type BrokerError, CLIENT_LOST } from '../../../src/errors.js';

type Done = (error: object | null) => void;

const UNANSWERED = {
  message: 'Timed out waiting for operation to finish, retry call to resume',
  code: -185,
  isRetriable: true,
};

/** What the clients of one test share. */
class Cluster {
  isThere = true;
  /** Calls that clients answer, in their order: `<number of the client> <call>`. */
  readonly asked: string[] = [];
  readonly lost = new Set<number>();
  made = 0;
  /** Tells the client that was made first of a delivery. */
  report: (error: object, record: { topic: string; partition: number }) => void = () => {};

  async open(): Promise<Producer> {
    const cluster = this;
    function Producer() {
      return new LosableProducer(cluster);
    }
    const client = { rdkafka: { Producer }, describe: String } as unknown as Client;
    const producer = await openProducer(client, { 'bootstrap.servers': 'nowhere:1' }, { transactionalId: 'p' });
    await producer.initTransactions(1);
    return producer;
  }

  /** One with a transaction open. */
  async begun(): Promise<Producer> {
    const producer = await this.open();
    producer.beginTransaction();
    return producer;
  }

  /** What clients answered, without their leaving. */
  get answered(): readonly string[] {
    return this.asked.filter((call) => !/disconnect/.test(call));
  }
}

class LosableProducer {
  readonly #cluster: Cluster;
  readonly #number: number;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.made += 1;
    this.#number = cluster.made;
  }

  on(event: string, listener: Cluster['report']): void {
    if (event === 'delivery-report' && this.#number === 1) this.#cluster.report = listener;
  }
  off(): void {}
  setPollInterval(): void {}
  connect(_options: object, done: Done): void {
    done(this.#cluster.isThere ? null : { message: 'no broker', code: -195 });
  }
  disconnect(_timeoutMs: number, done: () => void): void {
    this.#cluster.asked.push(`${this.#number} disconnect`);
    done();
  }
  initTransactions = (_timeoutMs: number, done: Done) => this.#answer('init', done);
  beginTransaction = (done: Done) => done(null);
  commitTransaction = (_timeoutMs: number, done: Done) => this.#answer('commit', done);
  flush = (_timeoutMs: number, done: Done) => this.#answer('flush', done);
  abortTransaction = (_timeoutMs: number, done: Done) => this.#answer('abort', done);

  #answer(what: string, done: Done): void {
    const { asked, lost, isThere } = this.#cluster;
    const isAnswered = isThere && !lost.has(this.#number);
    if (isAnswered) asked.push(`${this.#number} ${what}`);
    done(isAnswered ? null : UNANSWERED);
  }
}

const failureOf = (call: () => Promise<void>) =>
  call().then(
    () => undefined,
    (thrown: unknown) => thrown as BrokerError,
  );

describe('a client that does not find its broker', () => {
  test('while nobody finds it, every call may be made again', async () => {
    const cluster = new Cluster();
    const producer = await cluster.begun();
    cluster.isThere = false;
    for (let times = 0; times < 5; times += 1) {
      expect(await failureOf(() => producer.abortTransaction(1))).toMatchObject({ kind: 'retriable', code: -185 });
    }
    cluster.isThere = true;
    await producer.abortTransaction(1);
    expect(cluster.asked).toEqual(['1 init', '1 abort']);
  });

  test('where others find it, another one settles what is to be aborted', async () => {
    const cluster = new Cluster();
    const producer = await cluster.begun();
    cluster.lost.add(1);
    expect(await failureOf(() => producer.abortTransaction(1))).toMatchObject({ kind: 'retriable' });
    await producer.abortTransaction(1);
    const [settling] = cluster.asked.filter((call) => / init/.test(call)).slice(1);
    expect(settling).toBe(`${cluster.made} init`);
    expect(cluster.asked).toContain('1 disconnect');
    producer.beginTransaction();
    await producer.commitTransaction(1);
    expect(cluster.asked.at(-1)).toBe(`${cluster.made} commit`);
  });

  test('what may be committed is left to new clients', async () => {
    const cluster = new Cluster();
    const producer = await cluster.begun();
    cluster.lost.add(1);
    expect(await failureOf(() => producer.commitTransaction(1))).toMatchObject({ kind: 'retriable' });
    expect(await failureOf(() => producer.commitTransaction(1))).toMatchObject({ kind: 'fatal', code: CLIENT_LOST });
    expect(cluster.answered).toEqual(['1 init']);
  });

  test('what it was to deliver has to be written again, by new clients', async () => {
    const cluster = new Cluster();
    const producer = await cluster.open();
    cluster.lost.add(1);
    expect(await failureOf(() => producer.flush(1))).toMatchObject({ kind: 'retriable' });
    expect(await failureOf(() => producer.flush(1))).toMatchObject({ kind: 'fatal', code: CLIENT_LOST });
  });

  test('one call without an answer is none: the broker may just have come back', async () => {
    const cluster = new Cluster();
    const producer = await cluster.open();
    for (let times = 0; times < 3; times += 1) {
      producer.beginTransaction();
      cluster.lost.add(1);
      expect(await failureOf(() => producer.commitTransaction(1))).toMatchObject({ kind: 'retriable' });
      cluster.lost.delete(1);
      await producer.commitTransaction(1);
    }
    expect(cluster.answered).toEqual(['1 init', '1 commit', '1 commit', '1 commit']);
  });

  test('a commit that was broken off is ended before anything else, also when a delivery has failed since', async () => {
    const cluster = new Cluster();
    const producer = await cluster.begun();
    cluster.isThere = false;
    expect(await failureOf(() => producer.commitTransaction(1))).toMatchObject({ kind: 'retriable' });
    cluster.isThere = true;
    cluster.report({ message: 'timed out', code: -192 }, { topic: 't', partition: 0 });
    await producer.commitTransaction(1);
    expect(cluster.asked).toEqual(['1 init', '1 commit']);
  });
});
