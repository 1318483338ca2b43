/** librdkafka's log, which a client of node-rdkafka emits as events. */
import type { Rdkafka } from './client.js';
import type { KafkaLogEntry } from './options.js';

/** syslog's "info": lines of higher numbers are debugging, which the adapter needs and a user does not. */
const INFO = 6;

interface LogEvents {
  on(event: 'event.log', listener: (event: LogEvent) => void): unknown;
  off(event: 'event.log', listener: (event: LogEvent) => void): unknown;
}

interface LogEvent {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
}

/**
 * Sends the log to the user and to the adapter.
 *
 * @param name which client it is, for the user
 * @param notice gets every line, debugging included
 * @returns stops listening
 */
export function listenToLog(
  client: Rdkafka.KafkaConsumer | Rdkafka.Producer,
  name: string,
  onLog: ((entry: KafkaLogEntry) => void) | undefined,
  notice: (entry: KafkaLogEntry) => void = () => {},
): () => void {
  const events = client as unknown as LogEvents;
  const listener = ({ severity, fac: facility, message }: LogEvent): void => {
    const entry = { client: name, severity, facility, message: message.replace(/^\[thrd:[^\]]*\]:\s*/, '') };
    notice(entry);
    if (severity <= INFO) onLog?.(entry);
  };
  events.on('event.log', listener);
  return () => void events.off('event.log', listener);
}
