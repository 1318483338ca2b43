/** Puts a test between a process and its broker: some calls are answered by the test, the others go through. */
import type { Broker, Consumer, Producer } from '../../src/brokers/port.js';

/** `target` with other methods in the place of some. It still passes for what it is: clients know their own. */
export function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_target, name) {
      const method = (methods as Record<PropertyKey, unknown>)[name] ?? (target as Record<PropertyKey, unknown>)[name];
      return typeof method === 'function' ? method.bind(name in methods ? methods : target) : method;
    },
  });
}

/** What a test does to the clients of a broker. Called for each that is opened. */
export interface Between {
  consumer?(inner: Consumer, group: string | undefined): Partial<Consumer>;
  producer?(inner: Producer): Partial<Producer>;
}

/** For `around` of a process. */
export function between({ consumer, producer }: Between): (broker: Broker) => Broker {
  return (broker) =>
    replacing(broker, {
      consumer: async (config) => {
        const inner = await broker.consumer(config);
        return consumer === undefined ? inner : replacing(inner, consumer(inner, config.groupId));
      },
      producer: async (config) => {
        const inner = await broker.producer(config);
        return producer === undefined ? inner : replacing(inner, producer(inner));
      },
    });
}
