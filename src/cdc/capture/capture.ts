/**
 * Capture of PostgreSQL's changes by logical decoding, published as Debezium's records.
 *
 * C1. Each committed change of a captured table is in its topic exactly once, for who reads committed records: the
 *     position in the log is part of the transaction that publishes (capture-position.ts), the slot is told later.
 * C2. The database being away is waited for, for ever and visibly; so is a broker that can be tried again. Whatever
 *     else goes wrong ends the capture with an error; the next start goes on where it stood.
 */
import type { Admin, Broker, Producer } from '../../brokers/port.js';
import { type Clock, systemClock } from '../../clock.js';
import { asError } from '../../errors.js';
import { type CaptureConfig, type CaptureSettings, parseCaptureConfig } from './capture-config.js';
import { type CapturePosition, positionTopicSpec, readPosition } from './capture-position.js';
import { CaptureSchemas } from './capture-schemas.js';
import { CaptureSession } from './capture-session.js';
import { type CaptureStatus, CaptureTracker } from './capture-status.js';
import { CaptureTopics } from './capture-topics.js';
import { type CaptureSerdes, ChangeRecords } from './change-records.js';
import { HEARTBEAT_KEY, HEARTBEAT_VALUE, heartbeatTopic } from './heartbeat.js';
import { type CaptureLogger, silent } from './logger.js';
import { Patience } from './patience.js';
import { isPassing } from './postgres-errors.js';
import { Publisher } from './publisher.js';
import { newRunId } from './run-id.js';
import { TRANSACTION_KEY, TRANSACTION_VALUE, transactionTopic } from './transaction-metadata.js';

export interface CaptureOptions {
  readonly broker: Broker;
  readonly serdes: CaptureSerdes;
  readonly clock?: Clock;
  readonly logger?: CaptureLogger;
  /** Called once when the capture ends by an error, after `start` has resolved. */
  readonly onFailure?: (error: Error) => void;
}

export interface Capture {
  /**
   * Begins. Resolves when the snapshot begins or changes are streamed; waits for a database that is away.
   * @throws ConfigurationError, or what the database or the broker refuses
   */
  start(): Promise<void>;
  /** Finishes the batch that is being published, acknowledges it and closes all connections. Safe to call twice. */
  stop(): Promise<void>;
  /** How it stands; made anew at each look. */
  readonly status: CaptureStatus;
}

const INIT_TIMEOUT_MS = 30_000;

/**
 * Captures the changes of a PostgreSQL database.
 *
 * @param config Debezium's settings, by their names
 * @throws ConfigurationError naming the setting that is wrong
 * @example
 * const capture = captureChanges(
 *   {
 *     'database.hostname': 'localhost', 'database.user': 'postgres', 'database.dbname': 'car_database',
 *     'topic.prefix': 'car_database', 'table.include.list': 'public.car_data',
 *   },
 *   { broker, serdes: { key: connectJson(), value: connectJson() } },
 * );
 * await capture.start();
 */
export function captureChanges(config: CaptureConfig, options: CaptureOptions): Capture {
  return new PostgresCapture(parseCaptureConfig(config), options);
}

class PostgresCapture implements Capture {
  readonly #settings: CaptureSettings;
  readonly #options: CaptureOptions;
  readonly #clock: Clock;
  readonly #logger: CaptureLogger;
  readonly #tracker = new CaptureTracker();
  readonly #patience: Patience;
  #session: CaptureSession | undefined;
  #publisher: Publisher | undefined;
  #published: CapturePosition | undefined;
  #running: Promise<void> | undefined;
  #hasStarted = false;
  #stopping = false;
  #wake: () => void = () => undefined;

  constructor(settings: CaptureSettings, options: CaptureOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silent;
    this.#patience = new Patience(
      this.#clock,
      () => this.#stopping,
      (error) => {
        this.#tracker.error = error;
        this.#logger.warn(`the broker does not answer, it is asked again: ${error.message}`);
      },
    );
  }

  get status(): CaptureStatus {
    return this.#tracker.status;
  }

  start(): Promise<void> {
    if (this.#running !== undefined)
      return Promise.reject(new Error('This capture was started already; make another one.'));
    return new Promise((resolve, reject) => {
      const started = (): void => {
        this.#hasStarted = true;
        resolve();
      };
      this.#running = this.#run(started).then(
        // Stopped, or completed, before anything came.
        started,
        (thrown: unknown) => {
          const error = asError(thrown);
          if (this.#stopping) {
            // It is ending as it was asked to; the next start finds out how far this one came.
            this.#logger.warn(`while the capture was being stopped: ${error.message}`);
            started();
            return;
          }
          this.#tracker.state = 'failed';
          this.#tracker.error = error;
          this.#logger.error(`capture of ${this.#settings['database.dbname']} failed: ${error.message}`);
          if (this.#hasStarted) this.#options.onFailure?.(error);
          else reject(error);
        },
      );
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#publisher?.stop();
    await this.#session?.close();
    await this.#running;
    if (this.#tracker.state !== 'failed' && this.#tracker.state !== 'completed') this.#tracker.state = 'stopped';
  }

  async #run(onStarted: () => void): Promise<void> {
    this.#tracker.state = 'connecting';
    const { broker, serdes } = this.#options;
    const settings = this.#settings;
    const prefix = settings['topic.prefix'];
    const admin = await this.#patience.until(() => broker.admin());
    let producer: Producer | undefined;
    try {
      const topics = await this.#makeTopics(admin);
      producer = await this.#patience.until(() => broker.producer({ transactionalId: `millrace-capture-${prefix}` }));
      const opened = producer;
      await this.#patience.until(() => opened.initTransactions(INIT_TIMEOUT_MS));
      this.#published = await readPosition(broker, prefix, this.#patience);
      if (this.#published !== undefined) this.#tracker.publishedLsn = this.#published.lsn;
      const identity = { prefix, database: settings['database.dbname'], runId: newRunId(this.#clock.now()) };
      const records = new ChangeRecords(identity, serdes, this.#clock);
      const publisher = this.#makePublisher(producer);
      this.#publisher = publisher;
      const schemas = await this.#makeSchemas(serdes);
      await this.#sessions(publisher, records, topics, schemas, onStarted);
      await publisher.stop();
    } finally {
      await this.#publisher?.stop();
      await producer?.close();
      await admin.close();
    }
  }

  async #makeTopics(admin: Admin): Promise<CaptureTopics> {
    const settings = this.#settings;
    const prefix = settings['topic.prefix'];
    const topics = new CaptureTopics(admin, settings, this.#patience);
    await topics.ensureAs(positionTopicSpec(prefix, settings['topic.creation.default.replication.factor']));
    if (settings['provide.transaction.metadata']) await topics.ensure(transactionTopic(prefix));
    if (settings['heartbeat.interval.ms'] > 0) await topics.ensure(heartbeatTopic(settings));
    return topics;
  }

  async #makeSchemas(serdes: CaptureSerdes): Promise<CaptureSchemas> {
    const settings = this.#settings;
    const schemas = new CaptureSchemas(serdes, this.#patience);
    if (settings['provide.transaction.metadata']) {
      await schemas.register(transactionTopic(settings['topic.prefix']), TRANSACTION_KEY, TRANSACTION_VALUE);
    }
    if (settings['heartbeat.interval.ms'] > 0) {
      await schemas.register(heartbeatTopic(settings), HEARTBEAT_KEY, HEARTBEAT_VALUE);
    }
    return schemas;
  }

  #makePublisher(producer: Producer): Publisher {
    const settings = this.#settings;
    return new Publisher(
      producer,
      {
        prefix: settings['topic.prefix'],
        maxRecords: settings['max.queue.size'],
        maxBytes: settings['max.queue.size.in.bytes'],
      },
      this.#clock,
      {
        onPublished: (position) => {
          this.#published = position;
          this.#tracker.publishedLsn = position.lsn;
          this.#session?.published(position);
        },
        onRetry: (error) => {
          this.#tracker.error = error;
          this.#logger.warn(`the broker did not take a batch, which is tried again: ${error.message}`);
        },
        onFailed: (error) => this.#session?.break(error),
      },
    );
  }

  /** One session after the other, until stopped, completed or failed. */
  async #sessions(
    publisher: Publisher,
    records: ChangeRecords,
    topics: CaptureTopics,
    schemas: CaptureSchemas,
    onStarted: () => void,
  ): Promise<void> {
    const settings = this.#settings;
    const initial = settings['errors.retry.delay.initial.ms'];
    let waitMs = initial;
    while (!this.#stopping) {
      const session = new CaptureSession({
        settings,
        records,
        publisher,
        topics,
        schemas,
        tracker: this.#tracker,
        clock: this.#clock,
        logger: this.#logger,
        onStarted: () => {
          waitMs = initial;
          this.#tracker.error = undefined;
          onStarted();
        },
      });
      this.#session = session;
      try {
        const ended = await session.run(this.#published);
        if (ended === 'completed') this.#tracker.state = 'completed';
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#tracker.state = 'reconnecting';
        this.#tracker.error = asError(error);
        this.#logger.warn(`the database is away, next attempt in ${waitMs} ms: ${asError(error).message}`);
        // The log is read again from the last position: what is not whole would come twice.
        await publisher.reset();
        await this.#pause(waitMs);
        waitMs = Math.min(waitMs * 2, settings['errors.retry.delay.max.ms']);
      }
    }
  }

  /** Waits, but no longer than until `stop`. */
  async #pause(ms: number): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#stopping) return;
    const timer = this.#clock.after(ms, this.#wake);
    await stopped;
    timer.cancel();
  }
}
