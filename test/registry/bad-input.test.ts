/** Records and registries that are not as they should be, met by a whole application. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import { TopicWriter } from '../../src/app/topic-writer.js';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { mapValues } from '../../src/operators/map-values.js';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../src/registry/embedded/index.js';
import { waitForRegistry } from '../../src/registry/wait-for-registry.js';
import { avroContract } from '../../src/serde/avro/contract.js';
import { avro } from '../../src/serde/avro/encoding.js';
import { string } from '../../src/serde/primitives.js';
import { memoryEngines } from '../../src/state/memory.js';
import { topic } from '../../src/topology/topic.js';
import { topology } from '../../src/topology/topology.js';
import { call } from './rest.js';

interface Message {
  readonly text: string;
}

const SCHEMA = { type: 'record', name: 'Message', namespace: 'protocol', fields: [{ name: 'text', type: 'string' }] };
const DEAD = 'dead';
const input = topic('in', { key: string(), value: avroContract<Message>(SCHEMA) });
const output = topic('out', { key: string(), value: avroContract<Message>(SCHEMA) });
const shout = topology('shout', ({ stream }) =>
  stream(input)
    .pipe(mapValues(({ text }) => ({ text: text.toUpperCase() })))
    .to(output),
);

let broker: EmbeddedBroker;
let registry: EmbeddedRegistry;
let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  broker = await openEmbeddedBroker();
  folder = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
  registry = await openEmbeddedRegistry({ directory: folder });
  const admin = await broker.admin();
  await admin.createTopics(['in', 'out', DEAD].map((name) => ({ topic: name, partitions: 1 })));
  await admin.close();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await registry.close();
  await broker.close();
  await rm(folder, { recursive: true, force: true });
});

/** The same registry at the same address. */
async function openAgain(port: number): Promise<void> {
  registry = await openEmbeddedRegistry({ directory: folder, port });
}

async function send(...texts: readonly string[]): Promise<void> {
  const writer = await TopicWriter.open(broker, input, avro({ registry: registry.url }));
  for (const text of texts) await writer.send('k', { text });
  await writer.close();
}

async function sendBytes(value: Buffer): Promise<void> {
  const producer = await broker.producer({});
  producer.produce({ topic: 'in', partition: 0, key: Buffer.from('k'), value, timestamp: 1, headers: [] });
  await producer.flush(5_000);
  await producer.close();
}

interface Running {
  readonly app: Application;
  /** What went to the dead letters, in words. */
  readonly dropped: string[];
  /** Resolves with the first trouble from now on. */
  trouble(): Promise<string>;
  /** Resolves when as many texts as asked have come out. */
  texts(count: number): Promise<string[]>;
}

async function running(url = registry.url, timeoutMs = 500): Promise<Running> {
  const dropped: string[] = [];
  const waiting: ((message: string) => void)[] = [];
  const app = new Application(
    shout,
    {
      'application.id': 'shout',
      encoding: avro({ registry: url, timeoutMs }),
      'deserialization.exception.handler': 'dead-letter',
      'production.exception.handler': 'dead-letter',
      'errors.dead.letter.queue.topic.name': DEAD,
    },
    { broker, engines: memoryEngines() },
    {
      onRecordDropped: ({ message }) => dropped.push(message),
      onBrokerTrouble: ({ message }) => {
        for (const tell of waiting.splice(0)) tell(message);
      },
    },
  );
  closing.push(() => app.stop());
  await app.start();
  return {
    app,
    dropped,
    trouble: () => new Promise((resolve) => waiting.push(resolve)),
    texts,
  };
}

async function texts(count: number): Promise<string[]> {
  const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  consumer.assign([{ topic: 'out', partition: 0, offset: 0 }]);
  const found: string[] = [];
  while (found.length < count) {
    for (const { value } of await consumer.poll(100, 100)) found.push(value!.toString('utf8', 6));
  }
  await consumer.close();
  return found;
}

/** The registry at another address, before which something else answers until it lets everything through. */
async function serve(listener: RequestListener): Promise<{ readonly url: string; letThrough(): void }> {
  let answering = listener;
  const server = createServer((request, response) => answering(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    letThrough() {
      answering = passOn;
    },
  };
}

async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length === 0 ? undefined : Buffer.concat(chunks).toString();
  const answer = await call(registry.url, request.method!, request.url!, body);
  response.statusCode = answer.status;
  response.end(JSON.stringify(answer.body));
}

describe('records', () => {
  test('with an unknown id, of another subject, truncated, no Avro: each fails alone, and is told once', async () => {
    const other = { schema: JSON.stringify({ type: 'record', name: 'Other', fields: [{ name: 'n', type: 'long' }] }) };
    const { id } = (await call(registry.url, 'POST', '/subjects/other/versions', other)).body as { id: number };
    await send('first');
    await sendBytes(Buffer.from([0, 0, 0, 0x4d, 0x2, 2, 0x61]));
    await sendBytes(Buffer.from([0, 0, 0, 0, id, 2]));
    await sendBytes(Buffer.from([0, 0, 0, 0, 2, 20, 0x61]));
    await sendBytes(Buffer.from([0, 0, 0, 0, 2, 2, 0x61, 0x61]));
    await sendBytes(Buffer.from('{"text":"json"}'));
    await sendBytes(Buffer.from([0, 0]));
    await send('last');

    const { app, dropped } = await running();
    expect(await texts(2)).toEqual(['FIRST', 'LAST']);
    await app.drain();
    expect(dropped).toEqual([
      expect.stringContaining(`does not give the schema 19714: Schema 19714 not found`),
      expect.stringMatching(/a schema that the contract cannot read: the writer's is named 'Other'/),
      expect.stringContaining(`the Avro bytes end in the middle of a value of 'protocol.Message'`),
      expect.stringContaining(`1 bytes stand behind the value of 'protocol.Message'`),
      expect.stringContaining('Is the encoding of the topic connect-json or json?'),
      expect.stringContaining('there are only 2 bytes'),
    ]);
    expect(app.status.finished).toMatchObject({ delivered: 2, deadLettered: 6 });
  });
});

test('a record with a GUID at a registry that has none, as Apicurio: it fails alone', async () => {
  await send('first');
  const value = Buffer.from([2, 0x62]);
  const producer = await broker.producer({});
  const headers = [{ key: '__value_schema_id', value: Buffer.from([1, ...new Array(16).fill(7)]) }];
  producer.produce({ topic: 'in', partition: 0, key: Buffer.from('k'), value, timestamp: 1, headers });
  await producer.flush(5_000);
  await producer.close();
  await send('last');
  const { url } = await serve((request, response) => {
    if (!request.url!.startsWith('/schemas/guids/')) return passOn(request, response);
    response.statusCode = 404;
    response.end();
  });
  const { app, dropped } = await running(url);
  expect(await texts(2)).toEqual(['FIRST', 'LAST']);
  await app.drain();
  expect(dropped).toEqual([expect.stringContaining('this registry has no GUIDs, and the record names its schema by')]);
});

describe('the registry', () => {
  test('is away at the start, and comes: nothing is lost, and it is said', async () => {
    await send('first', 'second');
    const { port } = registry;
    await registry.close();
    const { app, dropped, trouble } = await running(registry.url);
    expect(await trouble()).toMatch(/^the schema registry http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
    expect(await trouble()).toContain('ECONNREFUSED');
    await openAgain(port);
    expect(await texts(2)).toEqual(['FIRST', 'SECOND']);
    await app.drain();
    expect(dropped).toEqual([]);
    expect(app.failure).toBeUndefined();
  });

  test('goes away later: what is known goes on, and what is not waits until it is back', async () => {
    await send('first');
    const again = { schema: JSON.stringify({ ...SCHEMA, doc: 'the same' }) };
    const { port } = registry;
    const { app, trouble } = await running();
    expect(await texts(1)).toEqual(['FIRST']);
    const { id } = (await call(registry.url, 'POST', '/subjects/in-value/versions', again)).body as { id: number };
    await registry.close();
    // Both schemas are known: nobody needs the registry.
    await sendBytes(Buffer.from([0, 0, 0, 0, 1, 2, 0x62]));
    expect(await texts(2)).toEqual(['FIRST', 'B']);
    const said = trouble();
    await sendBytes(Buffer.from([0, 0, 0, 0, id, 2, 0x63]));
    expect(await said).toContain('does not answer');
    await openAgain(port);
    expect(await texts(3)).toEqual(['FIRST', 'B', 'C']);
    await app.drain();
    expect(app.failure).toBeUndefined();
  });

  test('takes no schema for a while: the records wait for theirs, in their order', async () => {
    await send('first', 'second');
    const { url, letThrough } = await serve((request, response) => {
      if (request.method === 'GET') return passOn(request, response);
      response.statusCode = 503;
      response.end('{"error_code":50003,"message":"not now"}');
    });
    const { app, dropped, trouble } = await running(url);
    expect(await trouble()).toContain('has a problem of its own (HTTP 503)');
    expect(app.status).toMatchObject({ read: 2, inFlight: 2 });
    letThrough();
    expect(await texts(2)).toEqual(['FIRST', 'SECOND']);
    await app.drain();
    expect(dropped).toEqual([]);
  });

  test('refuses what is to be written: the record is a dead letter, with the rule', async () => {
    const narrow = { ...SCHEMA, fields: [{ name: 'text', type: 'int' }] };
    await call(registry.url, 'POST', '/subjects/out-value/versions', { schema: JSON.stringify(narrow) });
    await send('first');
    const { app, dropped } = await running();
    const admin = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
    admin.assign([{ topic: DEAD, partition: 0, offset: 0 }]);
    let letters = 0;
    while (letters === 0) letters += (await admin.poll(10, 100)).length;
    await admin.close();
    await app.drain();
    expect(dropped).toEqual([
      expect.stringMatching(
        /\(production\): the registry .* does not take the schema under 'out-value': .*BACKWARD: .*TYPE_MISMATCH/,
      ),
    ]);
  });
});

describe('something else answers', () => {
  test.each<[string, RequestListener, RegExp]>([
    [
      'with HTML',
      (_request, response) => response.setHeader('content-type', 'text/html').end('<html>Welcome</html>'),
      /does not answer as a registry does, with JSON, but \(HTTP 200\): <html>Welcome<\/html>; is the address right\?/,
    ],
    [
      'with a proxy error',
      (_request, response) => {
        response.statusCode = 502;
        response.end('<html>Bad Gateway</html>');
      },
      /has a problem of its own \(HTTP 502\): <html>Bad Gateway/,
    ],
    [
      'with other JSON',
      (_request, response) => response.end('{"hello":1}'),
      /answers with JSON, but not with a schema/,
    ],
    ['with nothing', () => undefined, /nothing came within 100 ms/],
  ])('%s: it is said, and nothing is lost until the registry answers again', async (_what, listener, message) => {
    await send('first');
    const { url, letThrough } = await serve(listener);
    const { app, dropped, trouble } = await running(url, 100);
    expect(await trouble()).toMatch(message);
    letThrough();
    expect(await texts(1)).toEqual(['FIRST']);
    await app.drain();
    expect(dropped).toEqual([]);
    expect(app.failure).toBeUndefined();
  });
});

test('waiting for the registry tells each attempt, and ends when it is there', async () => {
  const { port, url } = registry;
  await registry.close();
  const told: string[] = [];
  const waiting = waitForRegistry({ url }, { onWaiting: ({ message }) => told.push(message) });
  const opened = (async () => {
    while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await openAgain(port);
  })();
  await Promise.all([waiting, opened]);
  expect(told[0]).toMatch(/^the schema registry .* does not answer: .*ECONNREFUSED/);
  await expect(waitForRegistry({ url: 'not an address' })).rejects.toMatchObject({ setting: 'registry' });
});
