/**
 * The first article, by its own commands: `npm start` has the registry, `curl` registers `Message.avsc`, `npm run messages`
 * produces and consumes, the schema gets versions, old and new programs run together, and a version that breaks a rule is
 * refused with the rule.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import {
  Application,
  avro,
  avroContract,
  foreach,
  memoryEngines,
  nullable,
  openEmbeddedRegistry,
  string,
  TopicWriter,
  topic,
  topology,
} from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { millrace } from '../cli/command.js';
import { MillraceHome, ROOT } from './millrace-process.js';

const run = promisify(execFile);

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}
interface Timed {
  readonly timestamp: number;
}
interface Schema {
  readonly fields: readonly Field[];
}

let home: MillraceHome;
let folder: string;
let registry: string;
let message: Schema;
beforeAll(async () => {
  home = await MillraceHome.make();
  folder = await mkdtemp(join(tmpdir(), 'millrace-article-'));
  registry = (await home.dev().event('ready')).registry as string;
  message = JSON.parse(await readFile(join(ROOT, 'schemas/Message.avsc'), 'utf8')) as Schema;
});
afterAll(async () => {
  await home.remove();
  await rm(folder, { recursive: true, force: true });
});

/** The article's line, in a shell. */
async function curl(schema: object): Promise<Record<string, unknown>> {
  const data = JSON.stringify({ schema: JSON.stringify(schema) });
  const line = `curl -s -X POST -H "Content-Type: application/vnd.schemaregistry.v1+json" --data '${data}' ${registry}/subjects/Test.Topic-value/versions`;
  return JSON.parse((await run('bash', ['-c', line])).stdout) as Record<string, unknown>;
}

async function schemas(command: string, ...args: readonly string[]) {
  return millrace(['schemas', command, ...args], { MILLRACE_REGISTRY_URL: registry });
}

async function contract(name: string, schema: object): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(schema, null, 2));
  return file;
}

const SUBJECT = ['--subject', 'Test.Topic-value'];
const UNIT: Field = { name: 'unit', type: ['null', 'string'], default: null };
const withUnit = () => ({ ...message, fields: [...message.fields, UNIT] });
/** Without `data.count`, which has a default: who has it reads null. */
const withoutCount = () => ({
  ...withUnit(),
  fields: withUnit().fields.map((field) => {
    if (field.name !== 'data') return field;
    const type = field.type as Schema;
    return { ...field, type: { ...type, fields: type.fields.filter(({ name }) => name !== 'count') } };
  }),
});

describe('the first article', () => {
  test('curl registers Message.avsc and is told its id', async () => {
    expect(await curl(message)).toEqual({ id: 1 });
    expect(await curl(message)).toEqual({ id: 1 });
  });

  test('npm run messages produces and consumes by it, and adds no version', async () => {
    const args = ['run', '--silent', 'messages', '--', '--count', '3', '--registry', registry];
    const lines = (await run('npm', args, { cwd: ROOT })).stdout.trim().split('\n');
    expect(lines.slice(0, 2)).toEqual([`registry ${registry}`, 'topic Test.Topic created']);
    const told = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
    expect(told('produced ')).toHaveLength(3);
    expect(told('consumed ')).toEqual(told('produced '));
    expect(JSON.parse(told('consumed ')[1]!)).toEqual({
      timestamp: expect.any(Number),
      data: { count: 1, value: null },
    });
    expect((await schemas('list')).output).toBe('Test.Topic-value   BACKWARD   versions 1 (id 1)');
  });

  test('a nullable field with a default is checked, compared, and registered as the next version', async () => {
    const file = await contract('WithUnit.avsc', withUnit());
    const checked = await schemas('check', file, ...SUBJECT);
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('would be a new version (BACKWARD)') });
    expect((await schemas('diff', file, ...SUBJECT)).output).toMatch(/^\+.*unit/m);
    expect((await schemas('register', file, ...SUBJECT)).output).toContain("under 'Test.Topic-value', id 2");
    expect(await curl(withoutCount())).toEqual({ id: 3 });
    expect((await schemas('list')).output).toMatch(/versions 1 \(id 1\), 2 \(id 2\), 3 \(id 3\)$/);
  });

  test('old and new producers and consumers run together, each reading what each sends', async () => {
    const versions = { first: message, 'with unit': withUnit(), 'without count': withoutCount() };
    const sent = {
      first: { timestamp: 1, data: { count: 7, value: 0.5 } },
      'with unit': { timestamp: 2, data: { count: 8, value: null }, unit: '°C' },
      'without count': { timestamp: 3, data: { value: 1.5 }, unit: null },
    };
    const broker = await openEmbeddedBroker();
    const admin = await broker.admin();
    await admin.createTopics([{ topic: 'Test.Topic', partitions: 1 }]);
    await admin.close();
    const topicOf = (schema: object) =>
      topic('Test.Topic', { key: nullable(string()), value: avroContract<Timed>(schema) });
    const encoding = () => avro({ registry });

    const consumed: Record<string, Timed[]> = {};
    const consumers = await Promise.all(
      Object.entries(versions).map(async ([name, schema]) => {
        const seen: Timed[] = [];
        consumed[name] = seen;
        let tell = () => {};
        const all = new Promise<void>((resolve) => {
          tell = resolve;
        });
        const reading = topology('reading', ({ stream }) => {
          stream(topicOf(schema)).pipe(
            foreach((value) => {
              if (seen.push(value) === 6) tell();
            }),
          );
        });
        const config = { 'application.id': `reader ${name}`.replaceAll(' ', '-'), encoding: encoding() };
        const application = new Application(reading, config, { broker, engines: memoryEngines() });
        await application.start();
        return { application, all };
      }),
    );
    const writers = await Promise.all(
      Object.entries(versions).map(async ([name, schema]) => ({
        writer: await TopicWriter.open(broker, topicOf(schema), encoding()),
        value: sent[name as keyof typeof sent],
      })),
    );
    for (let round = 0; round < 2; round += 1) {
      for (const { writer, value } of writers) await writer.send(null, value);
    }
    for (const { writer } of writers) await writer.close();
    for (const { application, all } of consumers) {
      const failed = application.ended().then(() => {
        throw application.failure ?? new Error('the application ended');
      });
      await Promise.race([all, failed]);
      failed.catch(() => {});
      await application.drain();
    }
    await broker.close();

    // Three producers: between them there is no order.
    const twice = (values: readonly object[]) => values.flatMap((value) => [value, value]);
    for (const seen of Object.values(consumed)) seen.sort((a, b) => a.timestamp - b.timestamp);
    expect(consumed).toEqual({
      first: twice([
        { timestamp: 1, data: { count: 7, value: 0.5 } },
        { timestamp: 2, data: { count: 8, value: null } },
        { timestamp: 3, data: { count: null, value: 1.5 } },
      ]),
      'with unit': twice([
        { timestamp: 1, data: { count: 7, value: 0.5 }, unit: null },
        { timestamp: 2, data: { count: 8, value: null }, unit: '°C' },
        { timestamp: 3, data: { count: null, value: 1.5 }, unit: null },
      ]),
      'without count': twice([
        { timestamp: 1, data: { value: 0.5 }, unit: null },
        { timestamp: 2, data: { value: null }, unit: '°C' },
        { timestamp: 3, data: { value: 1.5 }, unit: null },
      ]),
    });
    // Nobody needed a version of its own.
    expect((await schemas('list')).output).toMatch(/versions 1 \(id 1\), 2 \(id 2\), 3 \(id 3\)$/);
  });

  test('a version that breaks a rule is refused with 409, and with the rule, the versions and the place', async () => {
    const broken = { ...message, fields: [...message.fields, { name: 'unit', type: 'string' }] };
    const refused = await curl(broken);
    expect(refused.error_code).toBe(409);
    expect(refused.message).toMatch(/BACKWARD.*reader.*version 3, the writer/);
    expect(refused.message).toMatch(/TYPE_MISMATCH.*\(at \/fields\/2\/type\)/);

    const nameless = { ...message, fields: [...message.fields, { name: 'sensor', type: 'string' }] };
    const why =
      /BACKWARD: the new schema, as the reader, cannot read what version 3, the writer, has written: READER_FIELD_MISSING_DEFAULT_VALUE: .*'sensor'.*\(at \/fields\/2\)/;
    expect((await curl(nameless)).message).toMatch(why);
    const file = await contract('Nameless.avsc', nameless);
    const ran = await schemas('register', file, ...SUBJECT);
    expect(ran.code).toBe(2);
    expect(ran.errorOutput.replace(/\n\s+/g, ' ')).toMatch(why);
    expect((await schemas('list')).output).toMatch(/3 \(id 3\)$/);
  });
});

test('npm run messages waits for a registry that is not there yet, says so once, and goes on when it is', async () => {
  const place = await openEmbeddedRegistry();
  const { url } = place;
  await place.close();
  const child = spawn('npm', ['run', '--silent', 'messages', '--', '--count', '1', '--registry', url], { cwd: ROOT });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines: string[] = [];
  let late: Awaited<ReturnType<typeof openEmbeddedRegistry>> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('waiting')) late ??= await openEmbeddedRegistry({ port: Number(new URL(url).port) });
  }
  expect(await exit).toBe(0);
  await late?.close();
  expect(lines.filter((line) => line.startsWith('waiting'))).toHaveLength(1);
  expect(lines[0]).toContain(url);
  expect(lines.filter((line) => line.startsWith('consumed'))).toHaveLength(1);
});
