/** What a user says about Kafka. */

/** Settings as librdkafka names them: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md */
export type LibrdkafkaSettings = Readonly<Record<string, unknown>>;

/** One line of librdkafka's log. */
export interface KafkaLogEntry {
  /** Which client wrote it: `consumer of group "prices"`. */
  readonly client: string;
  /** syslog's severities: 0 is an emergency, 3 an error, 7 debugging. */
  readonly severity: number;
  /** librdkafka's short name for what it is about, such as `FAIL`. */
  readonly facility: string;
  readonly message: string;
}

export interface KafkaOptions {
  /** `host:port`, several separated by commas. */
  readonly 'bootstrap.servers': string;
  /** Shown in the broker's logs and metrics (`client.id`). Default `millrace`. */
  readonly clientId?: string;
  /** Passed to every client: security, buffers, timeouts. What the guarantees rest on cannot be overridden. */
  readonly librdkafka?: LibrdkafkaSettings;
  /** Passed to consumers, after `librdkafka`. */
  readonly consumer?: LibrdkafkaSettings;
  /** Passed to producers, after `librdkafka`. */
  readonly producer?: LibrdkafkaSettings;
  /**
   * Gives a token for `sasl.mechanisms: OAUTHBEARER`: for each client, and again at four fifths of its life, which the claim
   * `exp` of a JWT says; another is asked for every five minutes.
   */
  readonly oauthBearerToken?: (() => string | Promise<string>) | undefined;
  /**
   * Whether messages are moved by the part of millrace that is built when the package is installed, which takes about half the
   * time. Default: where it was built.
   */
  readonly native?: boolean;
  /** Told of librdkafka's log: lost connections, fatal errors. Without it they are dropped. */
  readonly onLog?: (entry: KafkaLogEntry) => void;
}
