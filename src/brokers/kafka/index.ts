/** Apache Kafka as a broker: what the rest of millrace and its users see of this folder. */
export { kafkaBroker } from './broker.js';
export type { KafkaLogEntry, KafkaOptions, LibrdkafkaSettings } from './options.js';
