/** A Kafka-like broker inside this process: for a laptop and for tests. See {@link openEmbeddedBroker}. */

export type { EmbeddedBroker, EmbeddedBrokerOptions } from './broker.js';
export { openEmbeddedBroker } from './broker.js';
export type { Flush } from './write-cycle.js';
