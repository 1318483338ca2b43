import { z } from 'zod';
import { always, type ErrorDecision, type ErrorHandler } from '../error-handler.js';
import { ConfigurationError, type RecordPhase } from '../errors.js';
import type { BatchingOptions, Model } from '../model/model.js';
import type { ProcessingGuarantee } from '../runtime/committer.js';
import type { Encoding, EncodingName } from '../serde/encoding.js';
import { noSetting } from './kafka-streams-settings.js';

/** A model bound to a name, and how its questions are gathered. */
export interface ModelBinding extends BatchingOptions {
  readonly model: Model;
}

/** How an application runs. Words of Kafka Streams where it has them; times in milliseconds, sizes in bytes. */
export interface ApplicationConfig {
  /** Names the group, the internal topics and the state folder. */
  readonly 'application.id': string;
  readonly 'processing.guarantee'?: ProcessingGuarantee;
  /** Longest time between commits. Default 30,000; 100 under exactly_once_v2. What is idle is committed at once. */
  readonly 'commit.interval.ms'?: number;
  /** Where a topic without a committed offset begins. Default `earliest`. */
  readonly 'auto.offset.reset'?: 'earliest' | 'latest' | 'none';
  readonly 'max.poll.records'?: number;
  readonly 'max.poll.interval.ms'?: number;
  readonly 'session.timeout.ms'?: number;
  /**
   * Names this member: makes `group.instance.id` and `transactional.id`. Two running members never share one. With it a
   * restart takes over at once; without, after the session and the transaction of the one before have timed out.
   */
  readonly 'instance.id'?: string;
  /** Most records read and not finished. Default 3,000. */
  readonly 'max.in.flight.records'?: number;
  /** Most bytes of records in flight and of what they are to write. Default 64 MiB. */
  readonly 'max.in.flight.bytes'?: number;
  /** Most bytes of one record written. Default 1 MiB, as Kafka's producer has it. */
  readonly 'max.request.size'?: number;
  /** Entries kept decoded in memory, by all stores of the process together. Default 10,000. */
  readonly 'statestore.cache.max.entries'?: number;
  /** How long a drain, or a rebalance, waits for what is in flight. Default 30,000 and 10,000. */
  readonly 'shutdown.timeout.ms'?: number;
  readonly 'rebalance.timeout.ms'?: number;
  readonly 'deserialization.exception.handler'?: ErrorDecision | ErrorHandler;
  readonly 'processing.exception.handler'?: ErrorDecision | ErrorHandler;
  readonly 'production.exception.handler'?: ErrorDecision | ErrorHandler;
  /** Needed as soon as a handler may answer `dead-letter`. */
  readonly 'errors.dead.letter.queue.topic.name'?: string;
  /** Copies of internal topics. Default: the broker's. */
  readonly 'replication.factor'?: number;
  /** Models by the names that the topology uses. A text is another name of this list: the model that is bound there. */
  readonly models?: Readonly<Record<string, Model | ModelBinding | string>>;
  /**
   * Other names for declared topics: a topology reads and writes `topics[name]` where it says `name`. So one topology
   * runs beside itself, as a shadow group or on a staging area.
   */
  readonly topics?: Readonly<Record<string, string>>;
  /** How topics are encoded. Default `connect-json`: JSON with schema, as Debezium writes it by default. */
  readonly encoding?: EncodingName | Encoding;
  /** Encodings of single topics, by name. */
  readonly encodings?: Readonly<Record<string, EncodingName | Encoding>>;
}

const positive = z.int().positive();
const decision = z.enum(['fail', 'skip', 'dead-letter']);
const handler = z.union([decision, z.custom<ErrorHandler>((value) => typeof value === 'function')]);

const encoding = z.custom<EncodingName | Encoding>((value) => typeof value === 'string' || typeof value === 'object');

/** The settings of an application with their defaults. `docs/configuration.md` is held against it. */
export const applicationSchema = z.strictObject({
  'application.id': z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be 1 to 200 characters of A-Z a-z 0-9 . _ -'),
  'processing.guarantee': z.enum(['at_least_once', 'exactly_once_v2']).default('at_least_once'),
  'commit.interval.ms': positive.optional(),
  'auto.offset.reset': z.enum(['earliest', 'latest', 'none']).default('earliest'),
  'max.poll.records': positive.default(1_000),
  'max.poll.interval.ms': positive.default(300_000),
  'session.timeout.ms': positive.default(6_000),
  'instance.id': z.string().min(1).optional(),
  'max.in.flight.records': positive.default(2_000),
  'max.in.flight.bytes': positive.default(64 * 1024 * 1024),
  'max.request.size': positive.default(1024 * 1024),
  'statestore.cache.max.entries': z.int().nonnegative().default(10_000),
  'shutdown.timeout.ms': positive.default(30_000),
  'rebalance.timeout.ms': positive.default(10_000),
  'deserialization.exception.handler': handler.default('fail'),
  'processing.exception.handler': handler.default('fail'),
  'production.exception.handler': handler.default('fail'),
  'errors.dead.letter.queue.topic.name': z.string().min(1).optional(),
  'replication.factor': positive.optional(),
  models: z
    .record(
      z.string(),
      z.custom<Model | ModelBinding | string>(
        (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
        'must be a model, or the name of one in models',
      ),
    )
    .default({}),
  topics: z.record(z.string(), z.string().min(1)).default({}),
  encoding: encoding.default('connect-json'),
  encodings: z.record(z.string(), encoding).default({}),
});

/** A configuration that was checked, with every default in place. */
export type CheckedConfig = Omit<z.infer<typeof applicationSchema>, 'models'> & {
  readonly 'commit.interval.ms': number;
  /** Without names of others: every name is bound to its model. */
  readonly models: Readonly<Record<string, Model | ModelBinding>>;
};

/**
 * Checks a configuration.
 *
 * @throws ConfigurationError naming the setting that is wrong or unknown
 */
export function checkConfig(config: ApplicationConfig): CheckedConfig {
  const checked = checkedBy(applicationSchema, config);
  const eos = checked['processing.guarantee'] === 'exactly_once_v2';
  for (const phase of ['deserialization', 'processing', 'production'] as const) {
    const setting = `${phase}.exception.handler` as const;
    if (checked[setting] === 'dead-letter' && checked['errors.dead.letter.queue.topic.name'] === undefined) {
      const name = 'errors.dead.letter.queue.topic.name';
      throw new ConfigurationError(`${name}: ${setting} is 'dead-letter', so the topic must be named`, name);
    }
  }
  const models = boundModels(checked.models);
  return { ...checked, models, 'commit.interval.ms': checked['commit.interval.ms'] ?? (eos ? 100 : 30_000) };
}

/**
 * Checks settings by a schema.
 *
 * @throws ConfigurationError naming the first setting that is wrong or unknown
 */
export function checkedBy<S extends z.ZodType>(schema: S, settings: unknown): z.infer<S> {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const setting = [...issue.path, ...unknown].join('.');
  throw new ConfigurationError(`${setting}: ${unknown.length > 0 ? noSetting(setting) : issue.message}`, setting);
}

/** Every name with its model, names of other names followed to their ends. */
function boundModels(models: z.infer<typeof applicationSchema>['models']): CheckedConfig['models'] {
  const bound: Record<string, Model | ModelBinding> = {};
  for (const name of Object.keys(models)) {
    let end: Model | ModelBinding | string | undefined = models[name];
    const passed = [name];
    while (typeof end === 'string') {
      const other: string = end;
      if (passed.includes(other) || models[other] === undefined) {
        const known = Object.keys(models).filter((each) => typeof models[each] !== 'string');
        const why = passed.includes(other) ? 'which leads back to itself' : 'and no model has this name';
        throw new ConfigurationError(
          `models.${name}: '${other}' names another model of the configuration, ${why}; there are ${known.join(', ')}`,
          `models.${name}`,
        );
      }
      passed.push(other);
      end = models[other];
    }
    bound[name] = end!;
  }
  return bound;
}

/** The handler of a phase. */
export function handlerOf(config: CheckedConfig, phase: RecordPhase): ErrorHandler {
  const handler = config[`${phase}.exception.handler`];
  return typeof handler === 'function' ? handler : always(handler);
}
