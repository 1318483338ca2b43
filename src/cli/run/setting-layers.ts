/**
 * Where settings come from, later ones first: flags, environment, configuration file, defaults.
 *
 * A variable of the environment is MILLRACE_ and the setting in capitals, with `_` for each `.` and `-`:
 * MILLRACE_COMMIT_INTERVAL_MS is `commit.interval.ms`. Settings inside of others are named with their place, as with
 * `--set`: MILLRACE_LIBRDKAFKA_SOCKET_TIMEOUT_MS is `librdkafka.socket.timeout.ms`.
 */
import { applicationSchema } from '../../app/config.js';
import { insteadOf, noSetting } from '../../app/kafka-streams-settings.js';
import type { MillraceConfig } from '../../app/millrace-config.js';
import { ConfigurationError } from '../../errors.js';
import { runShape } from './run-settings.js';

/** A text that somebody gave for a setting, and where. */
export interface GivenText {
  readonly setting: string;
  readonly text: string;
  /** For a message: `the flag --commit-interval-ms`. */
  readonly from: string;
}

/** A configuration with what lies over it. */
export interface LayeredConfig {
  readonly config: MillraceConfig;
  /** Where a setting's value comes from; undefined for one that has its default, or that nobody knows. */
  originOf(setting: string): string | undefined;
}

/** Settings that hold others by names of the user's: the text after the first `.` is the name, dots and all. */
const HOLDERS = ['librdkafka', 'consumer', 'producer', 'models', 'topics', 'encodings'] as const;
type Holder = (typeof HOLDERS)[number];

/** Settings that hold functions, or belong to `millrace dev`. */
const NOT_BY_TEXT: ReadonlySet<string> = new Set(['source', 'sink', 'dev', 'models', 'topics', 'encodings']);

const SHAPES: Readonly<Record<string, { safeParse(value: unknown): { readonly success: boolean } }>> = {
  ...applicationSchema.shape,
  ...runShape,
};
const PREFIX = 'MILLRACE_';

/** Variables with the prefix that are no settings: of `millrace dev`, the stack, and other commands. */
const OTHER_VARIABLES =
  /^MILLRACE_(HOME|PG_PORT|REGISTRY_URL|(KAFKA|POSTGRES|REGISTRY|CONNECT|BENTOML)_PORT|CI_.*|STACK(_.*)?)$/;

/**
 * What the environment says.
 *
 * @param told in one line of a variable with our prefix that is no setting: perhaps it is misspelled, perhaps somebody
 *   else's (Kubernetes sets MILLRACE_SERVICE_HOST for a service named millrace)
 * @throws ConfigurationError for a setting of Kafka Streams that millrace does not have
 */
export function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  told: (warning: string) => void,
): readonly GivenText[] {
  const known = new Map(Object.keys(SHAPES).map((setting) => [variableOf(setting), setting]));
  const given: GivenText[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined || OTHER_VARIABLES.test(variable)) continue;
    const from = `the environment variable ${variable}`;
    const words = variable.slice(PREFIX.length).toLowerCase();
    const holder = (['librdkafka', 'consumer', 'producer'] as const).find((name) => words.startsWith(`${name}_`));
    const setting =
      known.get(variable) ?? (holder && `${holder}.${words.slice(holder.length + 1).replaceAll('_', '.')}`);
    const dotted = words.replaceAll('_', '.');
    if (setting !== undefined) given.push({ setting, text, from });
    else if (insteadOf(dotted) !== undefined) {
      throw new ConfigurationError(`${dotted} (${from}): ${noSetting(dotted)}`, dotted);
    } else told(`${variable} is no setting of millrace and is not read`);
  }
  return given;
}

/** The variable of a setting: MILLRACE_COMMIT_INTERVAL_MS. */
export function variableOf(setting: string): string {
  return PREFIX + setting.toUpperCase().replaceAll(/[.-]/g, '_');
}

/**
 * Reads `--set key=value`.
 *
 * @throws ConfigurationError when there is no key
 */
export function fromSetFlag(pair: string): GivenText {
  const at = pair.indexOf('=');
  if (at < 1) throw new ConfigurationError(`--set ${pair}: write --set setting=value`, 'set');
  return { setting: pair.slice(0, at), text: pair.slice(at + 1), from: `the flag --set ${pair.slice(0, at)}` };
}

/**
 * Lays texts over a configuration, the last of a setting over those before.
 *
 * @param file where the configuration comes from, for messages
 * @throws ConfigurationError for a setting that there is not, or that cannot be said in a text
 */
export function layered(config: MillraceConfig, file: string, texts: readonly GivenText[]): LayeredConfig {
  const merged: Record<string, unknown> = { ...config };
  const origins = new Map<string, string>();
  for (const { setting, text, from } of texts) {
    const holder = HOLDERS.find((name) => setting.startsWith(`${name}.`));
    if (holder !== undefined) merged[holder] = { ...(merged[holder] as object), ...inside(holder, setting, text) };
    else merged[setting] = read(setting, text, from);
    origins.set(setting, from);
  }
  const isInFile = (setting: string) =>
    Object.hasOwn(config, setting) ||
    HOLDERS.some((holder) => Object.hasOwn(config[holder] ?? {}, setting.slice(holder.length + 1)));
  return {
    config: merged as unknown as MillraceConfig,
    originOf: (setting) => origins.get(setting) ?? (isInFile(setting) ? file : undefined),
  };
}

function inside(holder: Holder, setting: string, text: string): Record<string, unknown> {
  return { [setting.slice(holder.length + 1)]: holder === 'topics' || holder === 'models' ? text : plain(text) };
}

/** A text that the setting takes is the value; any other is read as JSON, so that 100 is a number. */
function read(setting: string, text: string, from: string): unknown {
  const shape = SHAPES[setting];
  if (shape === undefined) throw new ConfigurationError(`${setting} (${from}): ${noSetting(setting)}`, setting);
  if (NOT_BY_TEXT.has(setting)) {
    throw new ConfigurationError(`${setting} (${from}): say ${setting}.<name>=… for one of them`, setting);
  }
  return shape.safeParse(text).success ? text : plain(text);
}

/** A number or a truth value where it is written like one; else the text. librdkafka reads either. */
function plain(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * Says where the setting of an error comes from.
 *
 * @param thrown comes back unless it is a ConfigurationError of a setting whose origin is known
 */
export function withOrigin(thrown: unknown, layers: LayeredConfig): unknown {
  if (!(thrown instanceof ConfigurationError)) return thrown;
  const names = [thrown.setting, ...HOLDERS.map((holder) => `${holder}.${thrown.setting}`)];
  const from = names.map((name) => layers.originOf(name)).find((origin) => origin !== undefined);
  if (from === undefined || thrown.message.includes(from)) return thrown;
  return new ConfigurationError(`${thrown.message} (from ${from})`, thrown.setting, { cause: thrown.cause });
}
