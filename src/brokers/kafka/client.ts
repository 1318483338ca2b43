/**
 * The way to `node-rdkafka`, which is an optional dependency: it is loaded when Kafka is really used, and its absence
 * is a setting to mend. No other folder imports it.
 */
import { createRequire } from 'node:module';
import type * as Rdkafka from 'node-rdkafka';
import { asError, ConfigurationError } from '../../errors.js';
import { call } from './call.js';
import { translate } from './errors.js';
import { listenToLog } from './log.js';
import { loadNative, type Native } from './native.js';
import { keepToken } from './oauth-token.js';
import type { KafkaOptions } from './options.js';
import { refusalIn } from './security.js';

export type { Rdkafka };

/** Milliseconds to wait for the first answer of a broker while opening a client. */
const CONNECT_TIMEOUT_MS = 10_000;

/** syslog's severity of what is to be known and no error. */
const NOTICE = 5;

/** The client library. */
export interface Client {
  readonly rdkafka: (typeof Rdkafka)['default'];
  /** librdkafka's own words for an error number. */
  describe(code: number): string;
  /** What was built for it, or why it cannot be used. */
  readonly native: Native | string;
}

let loading: Promise<Client> | undefined;
let hasToldWhy = false;

/**
 * Loads the client once. Tells the log why messages go one by one, if they do.
 *
 * @throws ConfigurationError when it is not installed, or was not built for this platform
 */
export async function clientFor({ native = true, onLog }: KafkaOptions): Promise<Client> {
  loading ??= load();
  const client = await loading;
  if (!native) return { ...client, native: 'turned off' };
  if (typeof client.native === 'string' && onLog !== undefined && !hasToldWhy) {
    hasToldWhy = true;
    const message = `messages are moved one by one, which takes longer: ${client.native}`;
    onLog({ client: 'millrace', severity: NOTICE, facility: 'NATIVE', message });
  }
  return client;
}

async function load(): Promise<Client> {
  try {
    const rdkafka = (await import('node-rdkafka')).default;
    const binding = createRequire(import.meta.url)('node-rdkafka/librdkafka.js') as { err2str(code: number): string };
    return { rdkafka, describe: (code) => binding.err2str(code), native: loadNative() };
  } catch (thrown) {
    loading = undefined;
    throw new ConfigurationError(
      `Kafka needs the package node-rdkafka, which cannot be loaded: ${asError(thrown).message}\n` +
        'Install it with "npm install node-rdkafka" (it builds with a C++ compiler, make and Python), or choose the embedded broker.',
      'broker',
      { cause: thrown },
    );
  }
}

/**
 * Makes one of the library's clients. Its constructor checks the settings.
 *
 * @throws ConfigurationError naming the setting that librdkafka refuses
 */
export function construct<T>(make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    const { message } = asError(thrown);
    const setting = /property:?\s*"([^"]+)"|`([^`\s]+)`/.exec(message);
    throw new ConfigurationError(
      `librdkafka refuses a setting: ${message}`,
      setting?.[1] ?? setting?.[2] ?? 'librdkafka',
      {
        cause: thrown,
      },
    );
  }
}

/**
 * Connects and waits for the first answer of a broker.
 *
 * @throws BrokerError `retriable` when none answers
 * @throws ConfigurationError naming the setting, where a broker refuses the client for what it says of TLS or SASL
 */
export async function connect(
  client: Rdkafka.KafkaConsumer | Rdkafka.Producer,
  what: string,
  options: KafkaOptions,
): Promise<void> {
  const doing = `Connecting ${what} to Kafka`;
  await keepToken(client, what, options);
  let refusal: ConfigurationError | undefined;
  const stopListening = listenToLog(client, what, undefined, ({ facility, message }) => {
    // The last one: who was refused while a broker started may just not have reached it since.
    if (facility === 'FAIL') refusal = refusalIn(message, doing);
  });
  const error = await call((done) => client.connect({ timeout: CONNECT_TIMEOUT_MS }, done));
  stopListening();
  if (error) throw refusal ?? translate(error, doing);
}
