import type { CaptureConfig } from '../cdc/capture/index.js';
import type { TableSinkConfig } from '../cdc/sink/index.js';
import type { ApplicationConfig } from './config.js';

/** Rows that `dev` inserts so that something is seen. */
export interface SampleRows {
  readonly table: string;
  /** Endless rows by column, the same for the same seed. */
  readonly rows: (seed: number) => Iterable<object>;
}

/** What `millrace dev` starts on one machine. */
export interface DevConfig {
  /** The database, created where it does not exist. */
  readonly database: string;
  /** SQL that is run at every start before capture begins: `create table if not exists …`. */
  readonly setup: string;
  /**
   * What the topics of the embedded broker survive. `process` (default): a killed process. `disk`: a power cut too;
   * every commit waits for the disk.
   */
  readonly flush?: 'process' | 'disk';
  /** Models that `dev` takes in place of those of the same names: one in process where production asks a service. */
  readonly models?: ApplicationConfig['models'];
  readonly sample?: SampleRows;
}

/** Settings by librdkafka's names: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md */
export type ClientSettings = Readonly<Record<string, string | number | boolean>>;

/** `millrace.config.ts`: how the topologies of a project run. */
export interface MillraceConfig extends ApplicationConfig {
  /** Kafka's brokers, `host:port,host:port`; for `millrace run`. */
  readonly 'bootstrap.servers'?: string;
  /** Where stores keep their files. Default `.millrace/state`. */
  readonly 'state.dir'?: string;
  /** Shown in the broker's logs and metrics. Default: `<application.id>-<instance.id>`. */
  readonly 'client.id'?: string;
  /** Settings of librdkafka, passed on as they are; `consumer` and `producer` to these alone, and before `librdkafka`. */
  readonly librdkafka?: ClientSettings;
  readonly consumer?: ClientSettings;
  readonly producer?: ClientSettings;
  /** Gives a token for `sasl.mechanisms: OAUTHBEARER`, whenever a client needs one. */
  readonly 'oauthbearer.token'?: () => string | Promise<string>;
  /** Where metrics and health are served; without it they are not. 0: any free port. */
  readonly 'metrics.port'?: number;
  /** The address that they are served on. Default 127.0.0.1; `0.0.0.0` in a container. */
  readonly 'metrics.host'?: string;
  /** The captured database, with Debezium's names; `dev` adds the connection. */
  readonly source?: Omit<CaptureConfig, 'database.hostname' | 'database.port' | 'database.user' | 'database.dbname'>;
  /** The table sink, with the names of Debezium's JDBC sink; `dev` adds the connection. */
  readonly sink?: Omit<TableSinkConfig, 'connection.url'>;
  readonly dev?: DevConfig;
}

/**
 * Gives a configuration its type.
 *
 * @example
 * export default defineConfig({ 'application.id': 'car-prices', models: { 'ford-price': onnx('models/ford/ford_price.onnx') } });
 */
export function defineConfig(config: MillraceConfig): MillraceConfig {
  return config;
}
