/**
 * Debezium's heartbeat: a record now and then, also when no table changes.
 *
 * Source: Debezium 3.6 `HeartbeatImpl`.
 */
import type { ProduceRequest } from '../../brokers/port.js';
import { int64, named, string, struct } from '../../serde/connect-schema.js';
import type { CaptureSettings } from './capture-config.js';
import type { ChangeRecords } from './change-records.js';

const KEY_SCHEMA = named('io.debezium.connector.common.ServerNameKey', struct(undefined, { serverName: string }));
const VALUE_SCHEMA = named('io.debezium.connector.common.Heartbeat', struct(undefined, { ts_ms: int64 }));

export function heartbeatTopic(settings: CaptureSettings): string {
  return `${settings['topic.heartbeat.prefix']}.${settings['topic.prefix']}`;
}

export function heartbeat(records: ChangeRecords, settings: CaptureSettings, nowMs: number): ProduceRequest {
  const key = { serverName: settings['topic.prefix'] };
  return records.plain(heartbeatTopic(settings), [KEY_SCHEMA, key], [VALUE_SCHEMA, { ts_ms: nowMs }]);
}
