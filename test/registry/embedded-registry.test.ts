import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { call, recordOf } from './rest.js';

const run = promisify(execFile);
const VERSIONS = '/subjects/Test.Topic-value/versions';

let registry: EmbeddedRegistry;
beforeEach(async () => {
  registry = await openEmbeddedRegistry();
});
afterEach(() => registry.close());

const ask = (method: string, path: string, body?: unknown) => call(registry.url, method, path, body);
const register = (schema: string, path = VERSIONS) => ask('POST', path, { schema });

test("the article's curl, word for word", async () => {
  const { stdout } = await run('curl', [
    ...['-s', '-X', 'POST', '-H', 'Content-Type: application/vnd.schemaregistry.v1+json'],
    ...['--data', JSON.stringify({ schema: recordOf('a') })],
    `http://localhost:${registry.port}/subjects/Test.Topic-value/versions`,
  ]);
  expect(stdout).toBe('{"id":1}');
});

describe('schemas and subjects', () => {
  test('ids count from 1, and a schema has a GUID and a text', async () => {
    expect((await register(recordOf('a'))).body).toEqual({ id: 1 });
    expect((await register(recordOf('a'), '/subjects/Other-value/versions')).body).toEqual({ id: 1 });
    expect((await register(recordOf('a', '?b'))).body).toEqual({ id: 2 });
    expect((await ask('GET', '/subjects?subjectPrefix=Test')).body).toEqual(['Test.Topic-value']);
    const { guid, ...latest } = (await ask('GET', `${VERSIONS}/latest`)).body as { guid: string };
    expect(latest).toEqual({ subject: 'Test.Topic-value', version: 2, id: 2, schema: recordOf('a', '?b') });
    expect((await ask('GET', `/schemas/guids/${guid}`)).body).toEqual({ schema: recordOf('a', '?b') });
    expect((await ask('GET', '/schemas/ids/1/schema')).body).toEqual(JSON.parse(recordOf('a')));
    expect((await ask('GET', `${VERSIONS}/1/schema`)).body).toEqual(JSON.parse(recordOf('a')));
    expect((await ask('GET', '/schemas/ids/2/subjects')).body).toEqual(['Test.Topic-value']);
    expect((await ask('GET', '/schemas/types')).body).toEqual(['AVRO']);
  });

  test('a reference that is not given is missing', async () => {
    await register(recordOf('a'), '/subjects/protocol.Message/versions');
    const schema = JSON.stringify({ type: 'array', items: 'protocol.Message' });
    expect((await ask('POST', '/subjects/many/versions', { schema })).status).toBe(422);
  });

  test('a deleted version is hidden and its id stays; deleted for good it is gone', async () => {
    await register(recordOf('a'));
    await register(recordOf('a', '?b'));
    expect((await ask('DELETE', `${VERSIONS}/1?permanent=true`)).body).toMatchObject({ error_code: 40407 });
    expect((await ask('DELETE', `${VERSIONS}/1`)).body).toBe(1);
    expect((await ask('GET', VERSIONS)).body).toEqual([2]);
    expect((await ask('GET', `${VERSIONS}/1`)).body).toMatchObject({ error_code: 40402 });
    expect((await ask('GET', '/schemas/ids/1')).status).toBe(200);
    expect((await ask('DELETE', `${VERSIONS}/1?permanent=true`)).body).toBe(1);
    expect((await ask('DELETE', '/subjects/Test.Topic-value?permanent=true')).body).toMatchObject({
      error_code: 40405,
    });
    expect((await ask('DELETE', '/subjects/Test.Topic-value')).body).toEqual([2]);
    expect((await ask('GET', '/subjects')).body).toEqual([]);
    expect((await ask('GET', '/subjects?deleted=true')).body).toEqual(['Test.Topic-value']);
    expect((await ask('GET', VERSIONS)).body).toMatchObject({ error_code: 40404 });
    // The same schema again: the same id, another version.
    expect((await register(recordOf('a', '?b'))).body).toEqual({ id: 2 });
    expect((await ask('GET', VERSIONS)).body).toEqual([3]);
  });
});

describe('what is refused, by its code', () => {
  test.each([
    ['PUT', '/mode', { mode: 'IMPORT' }, 422, 42204],
    ['POST', VERSIONS, { schemaType: 'PROTOBUF', schema: 'syntax = "proto3";' }, 422, 42201],
    ['GET', '/nothing/here', undefined, 404, 404],
    ['PATCH', '/subjects', undefined, 405, 405],
    ['GET', '/subjects/%E0%A4%A/versions', undefined, 400, 400],
  ])('%s %s', async (method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect(answer).toEqual({ status, body: { error_code: code, message: expect.any(String) } });
  });

  test('a version that a subject has not, or that is none', async () => {
    await register(recordOf('a'));
    expect((await ask('GET', `${VERSIONS}/7`)).body).toMatchObject({ error_code: 40402 });
    expect((await ask('GET', `${VERSIONS}/0`)).body).toMatchObject({ error_code: 42202 });
    expect((await ask('GET', `${VERSIONS}/first`)).body).toMatchObject({ error_code: 42202 });
    const unknown = await ask('POST', '/subjects/Test.Topic-value', { schema: recordOf('b') });
    expect(unknown.body).toMatchObject({ error_code: 40403 });
  });

  test('the reason is said', async () => {
    const other = await ask('POST', VERSIONS, { schemaType: 'JSON', schema: '{}' });
    expect((other.body as { message: string }).message).toContain('keeps schemas of the type AVRO, not "JSON"');
    const bad = await register('{"type":"record","name":"M","fields":[{"name":"n","type":"int","default":"x"}]}');
    expect((bad.body as { message: string }).message).toContain(`the default of 'n' does not fit its type`);
  });

  test('writing while it is READONLY', async () => {
    await register(recordOf('a'));
    expect((await ask('PUT', '/mode', { mode: 'READONLY' })).body).toEqual({ mode: 'READONLY' });
    expect((await register(recordOf('a'))).body).toEqual({ id: 1 });
    expect((await register(recordOf('a', '?b'))).body).toMatchObject({ error_code: 42205 });
    expect((await ask('DELETE', '/subjects/Test.Topic-value')).body).toMatchObject({ error_code: 42205 });
    await ask('PUT', '/mode/Test.Topic-value', { mode: 'READWRITE' });
    expect((await register(recordOf('a', '?b'))).body).toEqual({ id: 2 });
    expect((await ask('GET', '/mode')).body).toEqual({ mode: 'READONLY' });
    expect((await ask('GET', '/mode/other?defaultToGlobal=true')).body).toEqual({ mode: 'READONLY' });
  });
});

test('the broken rule, its version and the level are named, when it is refused and when it is only asked', async () => {
  await register(recordOf('a'));
  await ask('PUT', '/config/Test.Topic-value', { compatibility: 'full_transitive' });
  const schema = recordOf('a', 'b');
  const asked = await ask('POST', `/compatibility${VERSIONS}?verbose=true`, { schema });
  expect(asked.body).toEqual({
    is_compatible: false,
    messages: [expect.stringMatching(/READER_FIELD_MISSING_DEFAULT_VALUE.*\/fields\/1/)],
  });
  const { message } = (await register(schema)).body as { message: string };
  expect(message).toContain('what version 1, the writer, has written');
  expect(message).toContain("compatibility: 'FULL_TRANSITIVE'");
});

describe('on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('everything is there again after it was closed', async () => {
    const first = await openEmbeddedRegistry({ directory });
    await call(first.url, 'POST', '/subjects/s/versions', { schema: recordOf('a') });
    await call(first.url, 'POST', '/subjects/s/versions', { schema: recordOf('a', '?b') });
    await call(first.url, 'DELETE', '/subjects/s/versions/1');
    await call(first.url, 'PUT', '/config/s', { compatibility: 'FULL' });
    await call(first.url, 'PUT', '/mode', { mode: 'READONLY' });
    await first.close();

    const second = await openEmbeddedRegistry({ directory });
    expect((await call(second.url, 'GET', '/subjects/s/versions')).body).toEqual([2]);
    expect((await call(second.url, 'GET', '/schemas/ids/1')).body).toEqual({ schema: recordOf('a') });
    expect((await call(second.url, 'GET', '/config/s')).body).toEqual({ compatibilityLevel: 'FULL' });
    expect((await call(second.url, 'GET', '/mode')).body).toEqual({ mode: 'READONLY' });
    await second.close();
  });

  test('half a line that a crash has left is cut off; a damaged line is named', async () => {
    const first = await openEmbeddedRegistry({ directory });
    await call(first.url, 'POST', '/subjects/s/versions', { schema: recordOf('a') });
    await first.close();
    const file = join(directory, 'registry.jsonl');
    await appendFile(file, '{"event":"registered","sub');
    const second = await openEmbeddedRegistry({ directory });
    expect((await call(second.url, 'POST', '/subjects/t/versions', { schema: recordOf('z') })).body).toEqual({ id: 2 });
    await second.close();
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2);
    await writeFile(file, 'no json\n');
    await expect(openEmbeddedRegistry({ directory })).rejects.toThrow(/line 1 of .*registry\.jsonl cannot be read/);
  });

  test('a second one on the folder is refused; requests at once get ids of their own', async () => {
    const first = await openEmbeddedRegistry({ directory });
    await expect(openEmbeddedRegistry({ directory })).rejects.toMatchObject({ name: 'ConfigurationError' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        call(first.url, 'POST', `/subjects/s${i}/versions`, { schema: recordOf(`f${i}`) }),
      ),
    );
    const ids = answers.map(({ body }) => (body as { id: number }).id).sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await first.close();
    await first.close();
  });
});

test('a port that is taken is named with its setting', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  try {
    await expect(openEmbeddedRegistry({ port, portSetting: 'MILLRACE_REGISTRY_PORT' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      setting: 'MILLRACE_REGISTRY_PORT',
      message: expect.stringContaining(`Port ${port} is taken`),
    });
  } finally {
    other.close();
  }
});
