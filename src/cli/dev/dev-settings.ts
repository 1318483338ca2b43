/** What `millrace dev` takes of a configuration, checked before anything is started or made. */
import { z } from 'zod';
import { type ApplicationConfig, applicationSchema, checkConfig } from '../../app/config.js';
import type { DevConfig, MillraceConfig } from '../../app/millrace-config.js';
import { parseCaptureConfig } from '../../cdc/capture/capture-config.js';
import type { CaptureConfig } from '../../cdc/capture/index.js';
import { parseSinkConfig, type TableSinkConfig } from '../../cdc/sink/index.js';
import { ConfigurationError } from '../../errors.js';

export interface DevSettings {
  readonly dev: DevConfig;
  readonly application: ApplicationConfig;
  /** The capture of the database at `url`. */
  capture(url: string): CaptureConfig;
  /** The sink into the database at `url`. */
  sink(url: string): TableSinkConfig;
}

const schema = z.strictObject({
  database: z.string().min(1),
  setup: z.string(),
  flush: z.enum(['process', 'disk']).optional(),
  models: applicationSchema.shape.models.optional(),
  sample: z
    .strictObject({
      table: z.string().min(1),
      rows: z.custom((value) => typeof value === 'function', 'must be a function that gives rows'),
    })
    .optional(),
});

/** Stands for the connection that is known once PostgreSQL runs. */
const ANY_URL = 'postgres://postgres:@127.0.0.1:5432/postgres';

/** @throws ConfigurationError naming the setting that is missing, unknown or wrong */
export function devSettings(config: MillraceConfig): DevSettings {
  const {
    dev,
    source,
    sink,
    'bootstrap.servers': _servers,
    librdkafka: _client,
    'state.dir': _state,
    ...shared
  } = config;
  const application = { ...shared, models: { ...shared.models, ...dev?.models } };
  checkConfig(application);
  for (const [setting, value] of Object.entries({ dev, source, sink })) {
    if (value !== undefined) continue;
    throw new ConfigurationError(`millrace dev needs ${setting} in the configuration`, setting);
  }
  const settings: DevSettings = {
    dev: checkDev(dev!),
    application,
    capture: (url) => ({ ...source!, ...connectionOf(url) }),
    sink: (url) => ({ ...sink!, 'connection.url': url }),
  };
  parseCaptureConfig(settings.capture(ANY_URL));
  parseSinkConfig(settings.sink(ANY_URL));
  return settings;
}

function checkDev(dev: DevConfig): DevConfig {
  const result = schema.safeParse(dev);
  if (result.success) return dev;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const setting = ['dev', ...issue.path, ...unknown.slice(0, 1)].join('.');
  throw new ConfigurationError(
    `${setting}: ${unknown.length > 0 ? 'is no setting of millrace' : issue.message}`,
    setting,
  );
}

function connectionOf(url: string) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    'database.hostname': hostname,
    'database.port': Number(port),
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': decodeURIComponent(pathname.slice(1)),
  };
}
