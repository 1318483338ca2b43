/** Spans of records, with OpenTelemetry set up as an application sets it up. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test } from 'vitest';
import { Application } from '../../src/app/application.js';
import {
  type Headers,
  json,
  mapValues,
  memoryEngines,
  openEmbeddedBroker,
  string,
  topic,
  topology,
} from '../../src/index.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

const wares = topic('wares', { key: string(), value: json<{ price: number }>() });
const prices = topic('prices', { key: string(), value: json<number>() });
const pricing = topology('pricing', ({ stream }) => {
  stream(wares)
    .pipe(
      mapValues(({ price }) => {
        if (price < 0) throw new Error('a price below 0');
        return price;
      }),
    )
    .to(prices);
});

afterEach(() => {
  trace.disable();
  propagation.disable();
  context.disable();
});

interface Ware {
  readonly price: number;
  readonly headers: Headers;
}

/** What comes out for these, with its headers as text. */
async function priced(given: readonly Ware[]): Promise<readonly Readonly<Record<string, string>>[]> {
  const broker = await openEmbeddedBroker();
  const admin = await broker.admin();
  for (const name of ['wares', 'prices']) await admin.createTopics([{ topic: name, partitions: 1 }]);
  await admin.close();
  const config = { 'application.id': 'shop', 'processing.exception.handler': 'skip' } as const;
  const application = new Application(pricing, config, { broker, engines: memoryEngines() });
  await application.start();
  const producer = await broker.producer({});
  for (const { price, headers } of given) {
    const value = Buffer.from(JSON.stringify({ price }));
    producer.produce({ topic: 'wares', partition: 0, key: Buffer.from('tea'), value, timestamp: 1, headers });
  }
  await producer.flush(1_000);
  await producer.close();
  const done = () => application.status.finished.delivered + application.status.finished.skipped;
  await expect.poll(done).toBe(given.length);
  await application.drain();
  const reader = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  reader.assign([{ topic: 'prices', partition: 0, offset: 0 }]);
  const records = await reader.poll(100, 100);
  await reader.close();
  await broker.close();
  return records.map(({ headers }) => Object.fromEntries(headers.map(({ key, value }) => [key, String(value)])));
}

const header = (key: string, value: string) => ({ key, value: Buffer.from(value) });

test('where OpenTelemetry is not set up, traceparent is carried through as it is', async () => {
  const headers = [header('traceparent', TRACEPARENT), header('color', 'green')];
  expect(await priced([{ price: 1, headers }])).toEqual([{ traceparent: TRACEPARENT, color: 'green' }]);
});

test('a record has a span, the child of the one that it came with, and what is made of it carries its own', async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());

  const outputs = await priced([
    { price: 1, headers: [header('color', 'green'), header('traceparent', TRACEPARENT)] },
    { price: -1, headers: [] },
    { price: 3, headers: [] },
  ]);

  const [first, failed, third, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  expect(first).toMatchObject({
    name: 'process wares',
    kind: SpanKind.CONSUMER,
    parentSpanContext: { traceId: TRACE, spanId: PARENT, isRemote: true },
    attributes: {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'wares',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.consumer.group.name': 'shop',
      'millrace.outcome': 'delivered',
    },
    status: { code: SpanStatusCode.UNSET },
  });
  const { traceId, spanId } = first!.spanContext();
  expect(traceId).toBe(TRACE);
  expect(outputs[0]).toEqual({ color: 'green', traceparent: `00-${TRACE}-${spanId}-01` });

  expect(failed).toMatchObject({
    attributes: { 'messaging.kafka.offset': 1, 'millrace.outcome': 'skipped' },
    status: { code: SpanStatusCode.ERROR, message: expect.stringContaining('a price below 0') },
    events: [expect.objectContaining({ name: 'exception' })],
  });
  expect(third!.parentSpanContext).toBeUndefined();
  expect(outputs[1]).toEqual({
    traceparent: `00-${third!.spanContext().traceId}-${third!.spanContext().spanId}-01`,
  });
});
