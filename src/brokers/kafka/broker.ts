/** Apache Kafka as a broker of millrace. */
import { ConfigurationError } from '../../errors.js';
import type { Broker } from '../port.js';
import { openAdmin } from './admin.js';
import { type Client, clientFor } from './client.js';
import { openConsumer } from './consumer.js';
import type { KafkaOptions } from './options.js';
import { openProducer } from './producer.js';

/**
 * A Kafka cluster, 2.1 or newer, through `node-rdkafka`. Opens nothing yet, and does not need the package yet.
 *
 * Each consumer that waits for records holds a thread of libuv's pool for up to 100 ms at a time: with more than two
 * clients in a process, start it with `UV_THREADPOOL_SIZE=16`.
 *
 * @throws ConfigurationError without `bootstrap.servers`. Opening a client throws one when `node-rdkafka` is missing, or
 *   for a setting that librdkafka does not know or that is not the user's to set
 *
 * @example
 * const broker = kafkaBroker({ 'bootstrap.servers': '127.0.0.1:9092', librdkafka: { 'security.protocol': 'ssl' } });
 */
export function kafkaBroker(options: KafkaOptions): Broker {
  if (!options['bootstrap.servers']) {
    const message = "'bootstrap.servers' is missing: name at least one broker, such as '127.0.0.1:9092'.";
    throw new ConfigurationError(message, 'bootstrap.servers');
  }
  const loaded = (): Promise<Client> => clientFor(options);
  return {
    consumer: async (config) => openConsumer(await loaded(), options, config),
    producer: async (config) => openProducer(await loaded(), options, config),
    admin: async () => openAdmin(await loaded(), options),
    // Clients belong to those who opened them, and there is nothing else.
    close: async () => {},
  };
}
