/** What `millrace run` takes of a configuration besides the application's own settings. */
import { z } from 'zod';
import { type ApplicationConfig, checkConfig, checkedBy } from '../../app/config.js';
import type { MillraceConfig } from '../../app/millrace-config.js';
import { ConfigurationError } from '../../errors.js';

const port = z.int().min(0).max(65_535);
const clientSettings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({});

/** The settings with their defaults. `docs/configuration.md` is held against it. */
export const runShape = {
  'bootstrap.servers': z
    .string()
    .regex(/^[^\s,]+(,[^\s,]+)*$/, 'must be host:port, several separated by commas')
    .optional(),
  'client.id': z.string().min(1).optional(),
  'state.dir': z.string().min(1).default('.millrace/state'),
  librdkafka: clientSettings,
  consumer: clientSettings,
  producer: clientSettings,
  'oauthbearer.token': z
    .custom<() => string | Promise<string>>(
      (value) => typeof value === 'function',
      'must be a function that gives a token',
    )
    .optional(),
  'metrics.port': port.optional(),
  'metrics.host': z.string().min(1).default('127.0.0.1'),
};

type RunShape = z.infer<z.ZodObject<typeof runShape>>;

/** Settings of a run, checked. */
export interface RunSettings extends Omit<RunShape, 'bootstrap.servers'> {
  readonly 'bootstrap.servers': string;
  readonly application: ApplicationConfig;
}

/**
 * Takes a configuration apart and checks it.
 *
 * @throws ConfigurationError naming the setting that is missing, unknown or wrong
 */
export function runSettings(config: MillraceConfig): RunSettings {
  const { source: _source, sink: _sink, dev: _dev, ...settings } = config;
  const own: Record<string, unknown> = {};
  const application: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined) (Object.hasOwn(runShape, name) ? own : application)[name] = value;
  }
  if (application['application.id'] === undefined) {
    throw new ConfigurationError(
      'application.id: how is the application to be named? Set it in the configuration, or give --application-id',
      'application.id',
    );
  }
  checkConfig(application as unknown as ApplicationConfig);
  const checked = checkedBy(z.strictObject(runShape), own);
  const servers = checked['bootstrap.servers'];
  if (servers === undefined) {
    throw new ConfigurationError(
      'bootstrap.servers: where is Kafka? Give --bootstrap-servers, or set it in the configuration',
      'bootstrap.servers',
    );
  }
  return { ...checked, 'bootstrap.servers': servers, application: application as unknown as ApplicationConfig };
}
