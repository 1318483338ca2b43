/**
 * A broker whose every call can be made to fail, or to be the last thing that the process does.
 *
 * The calls of a run are numbered in order. A fault is put before a call (it does not happen) or after it (it happens,
 * and nobody hears of it).
 */
import type {
  Admin,
  Broker,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  Producer,
  ProducerConfig,
  RebalanceListener,
  TopicPartition,
} from '../../src/brokers/port.js';
import type { Clock, Timer } from '../../src/clock.js';
import { BrokerError } from '../../src/errors.js';

export type Moment = 'before' | 'after';

export interface Fault {
  /** Number of the call, from 0. */
  readonly call: number;
  readonly moment: Moment;
  readonly kind: 'crash' | 'retriable' | 'abort';
}

/** Numbers the calls of one process, and lets it die. */
export class Faults {
  readonly calls: string[] = [];
  dead = false;
  readonly #faults: ReadonlyMap<number, Fault>;
  /** Calls that took effect although their caller was told otherwise: asked again, they say so. */
  readonly #done = new Set<string>();

  constructor(...faults: readonly Fault[]) {
    this.#faults = new Map(faults.map((fault) => [fault.call, fault]));
  }

  /** The process dies now. */
  die(): void {
    this.dead = true;
  }

  async asynchronous<T>(name: string, call: () => Promise<T>, repeated: T): Promise<T> {
    if (this.dead) return new Promise<never>(() => {});
    if (this.#done.delete(name)) return repeated;
    const fault = this.#next(name);
    if (fault?.moment === 'before') return this.#strike<T>(fault, name);
    if (fault?.moment === 'after' && fault.kind !== 'crash' && name === 'consumer.poll')
      return this.#strike<T>(fault, name);
    const result = await call();
    if (this.dead) return new Promise<never>(() => {});
    if (fault?.moment === 'after') {
      this.#done.add(name);
      return this.#strike<T>(fault, name);
    }
    return result;
  }

  synchronous(name: string, call: () => void): void {
    if (this.dead) return;
    const fault = this.#next(name);
    if (fault?.kind === 'crash' && fault.moment === 'before') {
      this.dead = true;
      return;
    }
    if (fault !== undefined && fault.kind !== 'crash') throw new BrokerError('injected', 'retriable', 'QUEUE_FULL');
    call();
    if (fault?.kind === 'crash') this.dead = true;
  }

  #next(name: string): Fault | undefined {
    return this.#faults.get(this.calls.push(name) - 1);
  }

  #strike<T>(fault: Fault, name: string): Promise<T> {
    if (fault.kind === 'crash') {
      this.dead = true;
      return new Promise<never>(() => {});
    }
    const kind = fault.kind === 'abort' && TRANSACTIONAL.has(name) && fault.moment === 'before' ? 'abort' : 'retriable';
    return Promise.reject(new BrokerError(`injected ${fault.moment} ${name}`, kind));
  }
}

const TRANSACTIONAL = new Set(['producer.sendOffsets', 'producer.commitTransaction']);

/** The clock of a process: once it is dead, nothing fires. */
export function mortalClock(clock: Clock, faults: Faults): Clock {
  const ifAlive = (callback: () => void) => () => {
    if (!faults.dead) callback();
  };
  return {
    now: () => clock.now(),
    after: (delayMs, callback): Timer => clock.after(delayMs, ifAlive(callback)),
    endOfTick: (callback) => clock.endOfTick(ifAlive(callback)),
  };
}

/** The broker as one process sees it. */
export function faultyBroker(inner: Broker, faults: Faults): Broker {
  return {
    consumer: async (config: ConsumerConfig) => faultyConsumer(await inner.consumer(config), faults),
    producer: async (config: ProducerConfig) => faultyProducer(await inner.producer(config), faults),
    admin: (): Promise<Admin> => inner.admin(),
    close: () => inner.close(),
  };
}

const innerConsumers = new WeakMap<Consumer, Consumer>();

function faultyConsumer(inner: Consumer, faults: Faults): Consumer {
  // A poll that fails has not moved on: what it would have brought comes with the next one.
  const kept: ConsumedRecord[] = [];
  const consumer: Consumer = {
    subscribe: (topics, listener) => inner.subscribe(topics, mortalListener(listener, faults)),
    assign: (partitions) => inner.assign(partitions),
    assignment: () => inner.assignment(),
    poll: (max, timeoutMs) => {
      if (faults.dead) return new Promise<never>(() => {});
      return polled(inner, faults, kept, max, timeoutMs);
    },
    position: (partition: TopicPartition) => inner.position(partition),
    seek: (partition) => {
      kept.length = 0;
      inner.seek(partition);
    },
    pause: (partitions) => inner.pause(partitions),
    resume: (partitions) => inner.resume(partitions),
    commit: (offsets) => faults.asynchronous('consumer.commit', () => inner.commit(offsets), undefined),
    committed: (partitions) => faults.asynchronous('consumer.committed', () => inner.committed(partitions), []),
    watermarks: (partition) => inner.watermarks(partition),
    offsetsForTimes: (partitions) => inner.offsetsForTimes(partitions),
    close: () => inner.close(),
  };
  innerConsumers.set(consumer, inner);
  return consumer;
}

/** Only polls that bring records are numbered: how many empty ones there are says nothing. */
async function polled(
  inner: Consumer,
  faults: Faults,
  kept: ConsumedRecord[],
  max: number,
  timeoutMs: number,
): Promise<readonly ConsumedRecord[]> {
  kept.push(...(kept.length > 0 ? [] : await inner.poll(max, timeoutMs)));
  if (faults.dead) return new Promise<never>(() => {});
  if (kept.length === 0) return [];
  return faults
    .asynchronous('consumer.poll', async () => kept.splice(0), undefined)
    .then((records) => records ?? kept.splice(0));
}

function mortalListener(listener: RebalanceListener, faults: Faults): RebalanceListener {
  const ifAlive = (call: () => Promise<void>) => (faults.dead ? Promise.resolve() : call());
  return {
    onAssigned: (partitions) => ifAlive(() => listener.onAssigned(partitions)),
    onRevoked: (partitions) => ifAlive(() => listener.onRevoked(partitions)),
    onLost: (partitions) => ifAlive(() => listener.onLost(partitions)),
  };
}

function faultyProducer(inner: Producer, faults: Faults): Producer {
  return {
    produce: (record) => faults.synchronous(`producer.produce ${record.topic}`, () => inner.produce(record)),
    flush: (timeoutMs) => faults.asynchronous('producer.flush', () => inner.flush(timeoutMs), undefined),
    initTransactions: (timeoutMs) => inner.initTransactions(timeoutMs),
    beginTransaction: () => {
      if (!faults.dead) inner.beginTransaction();
    },
    sendOffsets: (offsets, consumer) =>
      faults.asynchronous(
        'producer.sendOffsets',
        () => inner.sendOffsets(offsets, innerConsumers.get(consumer) ?? consumer),
        undefined,
      ),
    commitTransaction: (timeoutMs) =>
      faults.asynchronous('producer.commitTransaction', () => inner.commitTransaction(timeoutMs), undefined),
    abortTransaction: (timeoutMs) =>
      faults.asynchronous('producer.abortTransaction', () => inner.abortTransaction(timeoutMs), undefined),
    close: () => inner.close(),
  };
}
