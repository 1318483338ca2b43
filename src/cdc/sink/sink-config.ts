/**
 * The settings of the table sink, by the names of Debezium's JDBC sink and Kafka Connect.
 *
 * Source: Debezium 3.6 `JdbcSinkConnectorConfig`. What millrace does not do is refused by name, so that a setting that
 * works there never silently means nothing here.
 */
import { z } from 'zod';
import { ConfigurationError } from '../../errors.js';

const yes = z.union([z.literal(true), z.literal('true').transform(() => true as const)]);
const boolean = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

const settings = z.strictObject({
  /** The name of the sink; its consumer group is `connect-<name>`, as in Kafka Connect. */
  name: z.string().min(1).default('table-sink'),
  /** The topics to read, separated by commas. */
  topics: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((topic) => topic.trim())
        .filter((topic) => topic !== ''),
    )
    .refine((topics) => topics.length > 0, 'names no topic'),
  /** `postgres://user:password@host:port/database`, or Java's `jdbc:postgresql://host:port/database`. */
  'connection.url': z
    .string()
    .transform((url) => url.replace(/^jdbc:/, ''))
    .refine((url) => /^postgres(ql)?:\/\//.test(url), 'is not the URL of a PostgreSQL database'),
  'connection.username': z.string().optional(),
  'connection.password': z.string().optional(),
  'insert.mode': z.literal('upsert').default('upsert'),
  'primary.key.mode': z.literal('record_key').default('record_key'),
  'delete.enabled': yes.default(true),
  /** `basic` creates tables and adds columns, `none` expects them. */
  'schema.evolution': z.enum(['basic', 'none']).default('none'),
  /** The table of a topic; dots of the topic become underscores. A first part before a dot is a schema. */
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Debezium's placeholder
  'collection.name.format': z.string().min(1).default('${topic}'),
  /** Records per write, at most. */
  'batch.size': z.coerce.number().int().min(1).max(10_000).default(500),
  /** Keep upper case in names; otherwise they are folded to lower case, as PostgreSQL folds unquoted ones. */
  'quote.identifiers': boolean.default(false),
  /** What to do with a record that cannot be written: stop before it, or go on without it. */
  'errors.tolerance': z.enum(['none', 'all']).default('none'),
  /** Where records that cannot be written go under `errors.tolerance=all`. */
  'errors.deadletterqueue.topic.name': z.string().min(1).optional(),
});

/** The settings as a user writes them; numbers and booleans may be texts. */
export type TableSinkConfig = z.input<typeof settings>;

export type TableSinkSettings = z.output<typeof settings>;

/**
 * @throws ConfigurationError naming the setting that is unknown, or that has a value this sink does not have
 */
export function parseSinkConfig(config: TableSinkConfig): TableSinkSettings {
  const result = settings.safeParse(config);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    throw new ConfigurationError(
      `The table sink has no setting "${name}". It has: ${Object.keys(settings.shape).join(', ')}.`,
      name,
    );
  }
  const name = String(issue?.path[0] ?? '');
  // A connection may hold a password.
  const given = name.startsWith('connection.') ? '…' : String((config as Record<string, unknown>)[name] ?? '(nothing)');
  throw new ConfigurationError(`The table sink cannot have ${name}=${given}: ${issue?.message}.`, name);
}
