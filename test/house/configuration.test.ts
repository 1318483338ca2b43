/** docs/configuration.md names every setting, with the default that it has. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ApplicationConfig, applicationSchema, checkConfig } from '../../src/app/config.js';
import type { MillraceConfig } from '../../src/app/millrace-config.js';
import { parseCaptureConfig } from '../../src/cdc/capture/capture-config.js';
import { parseSinkConfig } from '../../src/cdc/sink/sink-config.js';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** Settings and their defaults as a section's table has them. */
function documented(heading: string): Record<string, string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading))!;
  const rows = section.matchAll(/^\| `([^`]+)` \| (.+?) \|/gm);
  return Object.fromEntries([...rows].map(([, setting, value]) => [setting!, value!]));
}

/** A default as the tables write it. */
function written(value: unknown): string {
  if (value === undefined) return '–';
  if (value === '') return '(empty)';
  return `\`${typeof value === 'object' ? JSON.stringify(value) : value}\``;
}

/** The settings that a parser says it has, when it is given one that it has not. */
function known<S extends object>(parse: (settings: S) => unknown, given: S): string[] {
  try {
    parse({ ...given, 'no.such.setting': 1 });
  } catch (error) {
    return (error as Error).message.replace(/^.*It has: (.*)\.$/s, '$1').split(', ');
  }
  return [];
}

function defaults(names: readonly string[], parsed: object, given: readonly string[]): Record<string, string> {
  const value = (name: string) => (given.includes(name) ? undefined : (parsed as Record<string, unknown>)[name]);
  return Object.fromEntries(names.map((name) => [name, written(value(name))]));
}

test('the application', () => {
  const names = Object.keys(applicationSchema.shape);
  const expected = defaults(names, applicationSchema.parse({ 'application.id': 'a' }), ['application.id']);
  const least = (guarantee: 'at_least_once' | 'exactly_once_v2') =>
    checkConfig({ 'application.id': 'a', 'processing.guarantee': guarantee })['commit.interval.ms'];
  const commit = `\`${least('at_least_once')}\`; \`${least('exactly_once_v2')}\` under \`exactly_once_v2\``;
  expect(documented('The application')).toEqual({ ...expected, 'commit.interval.ms': commit });
});

test('the commands', () => {
  // The compiler holds these names to the type.
  const own: Record<Exclude<keyof MillraceConfig, keyof ApplicationConfig>, string> = {
    'bootstrap.servers': '–',
    'state.dir': '`.millrace/state`',
    'client.id': '–',
    librdkafka: '`{}`',
    consumer: '`{}`',
    producer: '`{}`',
    'oauthbearer.token': '–',
    'metrics.port': '–',
    'metrics.host': '`127.0.0.1`',
    source: '–',
    sink: '–',
    dev: '–',
  };
  expect(documented('The commands')).toEqual(own);
});

test('the capture', () => {
  const given = {
    'topic.prefix': 'a',
    'database.hostname': 'h',
    'database.user': 'u',
    'database.dbname': 'd',
  };
  const names = known(parseCaptureConfig, given);
  expect(names.length).toBeGreaterThan(10);
  expect(documented('`source`')).toEqual(defaults(names, parseCaptureConfig(given), Object.keys(given)));
});

test('the table sink', () => {
  const given = { topics: 't', 'connection.url': 'postgres://h/d' };
  const names = known(parseSinkConfig, given);
  expect(names.length).toBeGreaterThan(5);
  expect(documented('`sink`')).toEqual(defaults(names, parseSinkConfig(given), Object.keys(given)));
});
