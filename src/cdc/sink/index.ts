/** A table in PostgreSQL kept the same as a topic, as Debezium's JDBC sink does it. */
export { awaited } from './awaited.js';
export { parseSinkConfig, type TableSinkConfig } from './sink-config.js';
export type { SinkRecord, SinkSerdes } from './sink-record.js';
export { type SinkState, type SinkStatus, type TableSink, type TableSinkParts, tableSink } from './table-sink.js';
