/** `millrace schemas`, as it is typed. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schemaDiff } from '../../src/cli/schemas-diff.js';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { parseAvroSchema } from '../../src/serde/avro/read-avro-schema.js';
import { millrace, type Ran } from '../cli/command.js';
import { call, recordOf } from './rest.js';

const run = promisify(execFile);

let registry: EmbeddedRegistry;
let folder: string;
beforeEach(async () => {
  registry = await openEmbeddedRegistry();
  folder = await mkdtemp(join(tmpdir(), 'millrace-schemas-'));
});
afterEach(async () => {
  await registry.close();
  await rm(folder, { recursive: true, force: true });
});

async function contract(name: string, text: string): Promise<string> {
  const file = join(folder, `${name}.avsc`);
  await writeFile(file, text);
  return file;
}

function schemas(...args: readonly string[]): Promise<Ran> {
  return millrace(['schemas', ...args], { MILLRACE_REGISTRY_URL: registry.url });
}

describe('millrace schemas', () => {
  test('check, register, check again, list', async () => {
    const file = await contract('Message', recordOf('a'));
    const subject = ['--subject', 'Test.Topic-value'];
    expect(await schemas('check', file, ...subject)).toMatchObject({
      code: 0,
      output: `${file}: would be the first version (BACKWARD) under 'Test.Topic-value'`,
    });
    expect((await call(registry.url, 'GET', '/subjects')).body).toEqual([]);
    expect(await schemas('register', file, ...subject)).toMatchObject({
      code: 0,
      output: `${file}: registered under 'Test.Topic-value', id 1`,
    });
    expect((await schemas('check', file, ...subject)).output).toContain("is version 1 under 'Test.Topic-value'");
    expect((await schemas('list')).output).toBe('Test.Topic-value   BACKWARD   versions 1 (id 1)');
    const json = await schemas('list', '--json');
    expect(JSON.parse(json.output)).toEqual({
      event: 'subject',
      subject: 'Test.Topic-value',
      level: 'BACKWARD',
      versions: [{ version: 1, id: 1 }],
    });
  });

  test('nothing is registered when one of the contracts breaks a rule, which is named', async () => {
    await schemas('register', await contract('First', recordOf('a')));
    await contract('First', recordOf('b'));
    await contract('Second', recordOf('a'));
    const ran = await schemas('register', folder);
    expect(ran.code).toBe(2);
    expect(ran.errorOutput).toContain('nothing was registered');
    expect(ran.errorOutput).toContain("First.avsc breaks the level BACKWARD of 'First-value':");
    expect(ran.errorOutput).toContain("READER_FIELD_MISSING_DEFAULT_VALUE: the reader's field 'b' has no default");
    expect((await call(registry.url, 'GET', '/subjects')).body).toEqual(['First-value']);
    const checked = await schemas('check', folder);
    expect(checked).toMatchObject({
      code: 2,
      errorOutput: expect.stringContaining('1 of the contracts cannot be registered'),
    });
    expect(checked.output).toContain("Second.avsc: would be the first version (BACKWARD) under 'Second-value'");
  });

  test('diff shows the lines', async () => {
    const file = await contract('Message', recordOf('a'));
    expect((await schemas('diff', file)).output).toBe(`${file}: 'Message-value' is not registered`);
    await schemas('register', file);
    expect((await schemas('diff', file)).output).toBe(`${file} and version 1 of 'Message-value' say the same`);
    await contract('Message', recordOf('a=x'));
    expect((await schemas('diff', file)).output).toMatch(/^\+ {7}"default": "x"$/m);
  });

  test('what is wrong is said in a line', async () => {
    const none = await schemas('check', folder);
    expect(none).toMatchObject({ code: 2, errorOutput: `millrace: there is no .avsc file in ${folder}\n` });
    const bad = await schemas('check', await contract('Bad', '{"type":"rekord"}'));
    expect(bad).toMatchObject({
      code: 2,
      errorOutput: expect.stringContaining("the schema is 'rekord', which is neither"),
    });
    await registry.close();
    const away = await schemas('list');
    expect(away).toMatchObject({
      code: 1,
      errorOutput: expect.stringMatching(/^millrace: the schema registry .* does not answer/),
    });
  });
});

test('a diff has every line of both', () => {
  const before = parseAvroSchema(recordOf('a', 'b'));
  const after = parseAvroSchema(recordOf('a', 'c', 'b=1'));
  const lines = schemaDiff(before, after);
  const without = (sign: string) => lines.filter((line) => !line.startsWith(sign)).map((line) => line.slice(2));
  expect(without('+')).toEqual(linesOf(before));
  expect(without('-')).toEqual(linesOf(after));
  expect(schemaDiff(before, before).every((line) => line.startsWith('  '))).toBe(true);
});

function linesOf(node: ReturnType<typeof parseAvroSchema>): readonly string[] {
  return schemaDiff(node, node).map((line) => line.slice(2));
}

test('the committed types are what the contracts say', async () => {
  const ran = run(process.execPath, ['--import', 'tsx', 'scripts/codegen.ts', '--check']);
  await expect(ran).resolves.toMatchObject({ stdout: '' });
  const made = await readFile('schemas/generated/message.ts', 'utf8');
  expect(made).toContain('export interface Message');
});

test('types that are not current, or have no contract any more, are named', async () => {
  const codegen = (...args: readonly string[]) =>
    run(process.execPath, ['--import', 'tsx', 'scripts/codegen.ts', '--schemas', folder, ...args]);
  const file = await contract('Message', recordOf('a'));
  const made = join(folder, 'generated', 'message.ts');
  await expect(codegen('--check')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${made} is not what ${file} says: run npm run codegen\n`),
  });
  await expect(codegen()).resolves.toMatchObject({ stdout: `${made} made of ${file}\n` });
  await expect(codegen('--check')).resolves.toMatchObject({ stdout: '' });
  await contract('Message', recordOf('a', '?b'));
  await expect(codegen('--check')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('is not what') });
  await rm(file);
  await expect(codegen('--check')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${made} is of no contract in ${folder}: remove it\n`),
  });
});

test('npm run messages sends messages and reads them again', async () => {
  const args = ['--import', 'tsx', 'scripts/messages.ts', '--count', '3', '--registry', registry.url];
  const { stdout } = await run(process.execPath, args);
  const lines = stdout.trim().split('\n');
  expect(lines.slice(0, 2)).toEqual([`registry ${registry.url}`, 'topic Test.Topic created']);
  const of = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  expect(of('produced')).toHaveLength(3);
  expect(of('consumed')).toEqual(of('produced'));
  expect((await call(registry.url, 'GET', '/subjects')).body).toEqual(['Test.Topic-value']);
});
