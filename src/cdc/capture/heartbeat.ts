/**
 * Debezium's heartbeat: a record now and then, also when no table changes.
 *
 * Source: Debezium 3.6 `HeartbeatImpl`.
 */
import type { ProduceRequest } from '../../brokers/port.js';
import { int64, named, string, struct } from '../../serde/connect-schema.js';
import type { CaptureSettings } from './capture-config.js';
import type { ChangeRecords } from './change-records.js';

/** The schemas of its key and value. */
export const HEARTBEAT_KEY = named(
  'io.debezium.connector.common.ServerNameKey',
  struct(undefined, { serverName: string }),
);
export const HEARTBEAT_VALUE = named('io.debezium.connector.common.Heartbeat', struct(undefined, { ts_ms: int64 }));

export function heartbeatTopic(settings: CaptureSettings): string {
  return `${settings['topic.heartbeat.prefix']}.${settings['topic.prefix']}`;
}

export function heartbeat(records: ChangeRecords, settings: CaptureSettings, nowMs: number): ProduceRequest {
  const key = { serverName: settings['topic.prefix'] };
  return records.plain(heartbeatTopic(settings), [HEARTBEAT_KEY, key], [HEARTBEAT_VALUE, { ts_ms: nowMs }]);
}
