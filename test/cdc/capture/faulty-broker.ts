/** A broker that fails as one is told to, and works otherwise. */
import type { Broker, Producer } from '../../../src/brokers/port.js';

/** Comes in place of a call, and may make it. */
export interface Faults {
  commitTransaction?: (commit: () => Promise<void>) => Promise<void>;
  produce?: (produce: () => void, topic: string) => void;
}

export function faultyBroker(broker: Broker, faults: Faults): Broker {
  return {
    ...broker,
    consumer: (config) => broker.consumer(config),
    admin: () => broker.admin(),
    close: () => broker.close(),
    async producer(config) {
      const real = await broker.producer(config);
      const producer: Producer = {
        produce: (record) =>
          faults.produce === undefined
            ? real.produce(record)
            : faults.produce(() => real.produce(record), record.topic),
        flush: (timeoutMs) => real.flush(timeoutMs),
        initTransactions: (timeoutMs) => real.initTransactions(timeoutMs),
        beginTransaction: () => real.beginTransaction(),
        sendOffsets: (offsets, consumer) => real.sendOffsets(offsets, consumer),
        commitTransaction: (timeoutMs) => {
          const commit = () => real.commitTransaction(timeoutMs);
          return faults.commitTransaction === undefined ? commit() : faults.commitTransaction(commit);
        },
        abortTransaction: (timeoutMs) => real.abortTransaction(timeoutMs),
        close: () => real.close(),
      };
      return producer;
    },
  };
}
