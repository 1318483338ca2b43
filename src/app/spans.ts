/**
 * Spans of OpenTelemetry for records, where the process has set it up (`node --import ./telemetry.mjs`), and nothing at
 * all where it has not.
 *
 * A record's span is a child of the one in its `traceparent` header, and what is made of the record carries its own in
 * that place. It ends when the record's outcome is certain.
 *
 * Source of the names: OpenTelemetry semantic conventions for messaging and Kafka, 1.36.
 */
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ConsumedRecord } from '../brokers/port.js';
import type { Headers } from '../record.js';
import type { RecordTracer } from '../runtime/traced-codec.js';
import type { Unit } from '../runtime/unit.js';

const NAME = 'millrace';

/** The tracer of an application; undefined where OpenTelemetry is not set up. */
export function recordTracer(applicationId: string): RecordTracer | undefined {
  const tracer = trace.getTracer(NAME);
  // Only a provider that somebody has registered gives spans an identity, sampled or not.
  const isSetUp = isSpanContextValid(tracer.startSpan('set up?', undefined, ROOT_CONTEXT).spanContext());
  return isSetUp ? new Spans(tracer, applicationId) : undefined;
}

const headersAsText: TextMapGetter<Headers> = {
  keys: (headers) => headers.map(({ key }) => key),
  get: (headers, name) => headers.find(({ key }) => key.toLowerCase() === name)?.value?.toString(),
};

class Spans implements RecordTracer {
  readonly #tracer: Tracer;
  readonly #applicationId: string;
  /** By the record as it was read: one that is dropped and read again is another. */
  readonly #spans = new WeakMap<ConsumedRecord, { readonly span: Span; readonly headers: Headers }>();

  constructor(tracer: Tracer, applicationId: string) {
    this.#tracer = tracer;
    this.#applicationId = applicationId;
  }

  started(raw: ConsumedRecord): Headers {
    const before = this.#spans.get(raw);
    if (before !== undefined) return before.headers;
    const parent = propagation.extract(ROOT_CONTEXT, raw.headers, headersAsText);
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': raw.topic,
      'messaging.destination.partition.id': String(raw.partition),
      'messaging.kafka.offset': raw.offset,
      'messaging.consumer.group.name': this.#applicationId,
    };
    const options = { kind: SpanKind.CONSUMER, attributes };
    const span = this.#tracer.startSpan(`process ${raw.topic}`, options, parent);
    const headers = withContextOf(span, raw.headers);
    this.#spans.set(raw, { span, headers });
    return headers;
  }

  finished({ raw, outcome, failure }: Unit): void {
    const span = raw && this.#spans.get(raw)?.span;
    if (span === undefined) return;
    span.setAttribute('millrace.outcome', outcome ?? 'unknown');
    if (failure !== undefined) {
      span.recordException(failure.error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.error.message });
    }
    span.end();
  }
}

/** The headers with the span's context in the place of any that they had. */
function withContextOf(span: Span, headers: Headers): Headers {
  const injected: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), injected);
  const kept = headers.filter(({ key }) => !Object.hasOwn(injected, key.toLowerCase()));
  return [...kept, ...Object.entries(injected).map(([key, value]) => ({ key, value: Buffer.from(value) }))];
}
