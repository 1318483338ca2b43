import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { millrace, temporaryPackage, writeConfig } from './command.js';

const TOPOLOGY = 'topology/car-prices.ts';
const WITHOUT_RDKAFKA = `--import=${new URL('../fixtures/cli/without-rdkafka.mjs', import.meta.url).href}`;

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryPackage();
  config = await writeConfig(folder, 'state-elsewhere.ts', `'state.dir': ${JSON.stringify(`${folder}/state`)}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('millrace run', () => {
  test('asks where Kafka is when nobody has said', async () => {
    const nowhere = await writeConfig(folder, 'nowhere.ts', "'bootstrap.servers': undefined");
    const { code, errorOutput } = await millrace(['run', TOPOLOGY, '--config', nowhere]);
    expect(errorOutput).toBe(
      'millrace: bootstrap.servers: where is Kafka? Give --bootstrap-servers, or set it in the configuration ' +
        `(from ${nowhere})\n`,
    );
    expect(code).toBe(2);
  });

  test('says what is missing where node-rdkafka is not installed', async () => {
    const { code, errorOutput } = await millrace(
      ['run', TOPOLOGY, '--config', config, '--bootstrap-servers', '127.0.0.1:1'],
      { NODE_OPTIONS: WITHOUT_RDKAFKA },
    );
    expect(errorOutput).toMatch(
      /^millrace: Kafka needs the package node-rdkafka.*\nInstall it with "npm install node-rdkafka"/,
    );
    expect(code).toBe(2);
  });
});

describe('millrace describe', () => {
  test("prints Kafka Streams' text and starts nothing", async () => {
    const { code, output, errorOutput } = await millrace(['describe', TOPOLOGY], { NODE_OPTIONS: WITHOUT_RDKAFKA });
    expect(output).toMatch(
      /^Topologies:\n {3}Sub-topology: 0\n {4}Source: .*\(topics: \[car_database\.public\.car_data\]\)/,
    );
    expect({ code, errorOutput }).toEqual({ code: 0, errorOutput: '' });
  });

  test('prints JSON where that was asked', async () => {
    const { output } = await millrace(['describe', TOPOLOGY, '--json']);
    expect(JSON.parse(output)).toEqual({ topology: 'car-prices', description: expect.stringMatching(/^Topologies:/) });
  });
});

describe('millrace --help', () => {
  test.each([
    [['--help'], [/dev .*\n/, /run .*\n/, /describe .*\n/, /exit code 2/]],
    [
      ['dev', '--help'],
      [/MILLRACE_HOME/, /MILLRACE_PG_PORT/, /--rows <n>/, /Example:/],
    ],
    [
      ['run', '--help'],
      [/--bootstrap-servers <host:port,…>/, /node-rdkafka/],
    ],
    [['describe', '--help'], [/Nothing is started/]],
  ])('%s', async (args, parts) => {
    const { code, output, errorOutput } = await millrace(args);
    for (const part of parts) expect(output).toMatch(part);
    expect({ code, errorOutput }).toEqual({ code: 0, errorOutput: '' });
  });
});
