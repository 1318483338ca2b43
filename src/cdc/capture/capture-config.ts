/**
 * The settings of the capture, by the names and with the defaults of Debezium's PostgreSQL connector.
 *
 * Source: Debezium 3.6 `PostgresConnectorConfig`, and Kafka Connect's `topic.creation.default.*`. A setting that the
 * capture does not have is refused by name, so that what works there never silently means nothing here.
 */
import { z } from 'zod';
import { asError, ConfigurationError } from '../../errors.js';
import { includeList } from './table-filter.js';

const boolean = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const milliseconds = z.coerce.number().int().min(0);
const name = z.string().min(1);
const count = z.coerce.number().int().min(1);

function expressions(list: string, context: z.RefinementCtx): readonly RegExp[] {
  try {
    return includeList(list);
  } catch (error) {
    context.addIssue(asError(error).message);
    return z.NEVER;
  }
}

const settings = z.strictObject({
  'database.hostname': name,
  'database.port': z.coerce.number().int().min(1).max(65_535).default(5432),
  'database.user': name,
  'database.password': z.string().default(''),
  'database.dbname': name,
  /** The first part of each topic's name, and the capture's identity: one position is kept for each. */
  'topic.prefix': z
    .string()
    .regex(/^[a-zA-Z0-9._-]+$/, 'only letters, digits, dots, underscores and hyphens may be in a topic name'),
  /** Regular expressions for `schema.table`, separated by commas; each must match the whole name. */
  'table.include.list': z.string().transform(expressions).optional(),
  'plugin.name': z.literal('pgoutput').default('pgoutput'),
  'slot.name': z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, 'a slot is named with lower-case letters, digits and underscores')
    .default('debezium'),
  'publication.name': name.default('dbz_publication'),
  'publication.autocreate.mode': z.enum(['all_tables', 'filtered', 'disabled']).default('all_tables'),
  'snapshot.mode': z.enum(['initial', 'initial_only', 'when_needed', 'no_data', 'never']).default('initial'),
  /** Rows that are read at a time. */
  'snapshot.fetch.size': count.default(2_000),
  'decimal.handling.mode': z.enum(['precise', 'double', 'string']).default('precise'),
  'tombstones.on.delete': boolean.default(true),
  'provide.transaction.metadata': boolean.default(false),
  /** 0 writes none. */
  'heartbeat.interval.ms': milliseconds.default(0),
  'topic.heartbeat.prefix': name.default('__debezium-heartbeat'),
  /** Records that may wait for the broker before the database is no longer read. */
  'max.queue.size': count.default(8_192),
  /** The same in bytes. */
  'max.queue.size.in.bytes': count.default(16 * 1024 * 1024),
  /** How often the server is told what is done, and the log kept by the slot is looked at. */
  'status.update.interval.ms': milliseconds.min(1).default(10_000),
  /** The wait before the second attempt to reach the database; each next one is twice as long, up to the maximum. */
  'errors.retry.delay.initial.ms': milliseconds.min(1).default(300),
  'errors.retry.delay.max.ms': milliseconds.min(1).default(10_000),
  'topic.creation.default.partitions': count.default(1),
  'topic.creation.default.replication.factor': count.optional(),
});

/** The settings as a user writes them; numbers and booleans may be texts. */
export type CaptureConfig = z.input<typeof settings>;

export type CaptureSettings = z.output<typeof settings>;

/** Why a value that Debezium has is not had here. */
const REFUSED: Readonly<Record<string, string>> = {
  'snapshot.mode=always':
    'a snapshot on every start would put rows before changes that are older than they are, or lose deletes; use initial, ' +
    'and remove the positions to take a snapshot again',
};

/**
 * @throws ConfigurationError naming the setting that is unknown, missing or has a value that the capture does not have
 */
export function parseCaptureConfig(config: CaptureConfig): CaptureSettings {
  const result = settings.safeParse(config);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys[0] ?? '';
    throw new ConfigurationError(
      `The capture has no setting "${unknown}". It has: ${Object.keys(settings.shape).join(', ')}.`,
      unknown,
    );
  }
  const setting = String(issue?.path[0] ?? '');
  const given: unknown = (config as Record<string, unknown>)[setting];
  if (given === undefined) throw new ConfigurationError(`The capture needs the setting ${setting}.`, setting);
  const shown = setting === 'database.password' ? '(hidden)' : String(given);
  throw new ConfigurationError(
    `The capture cannot have ${setting}=${shown}: ${REFUSED[`${setting}=${shown}`] ?? issue?.message}.`,
    setting,
  );
}
