import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { Headers, StreamRecord } from '../record.js';
import type { SourceNode } from '../topology/graph.js';
import type { TopicDeclaration } from '../topology/topic.js';
import type { Unit } from './unit.js';
import type { Codec } from './wiring.js';

/** Follows records through a task. Where nobody traces there is none, and nothing is asked. */
export interface RecordTracer {
  /**
   * A record is being worked on; called again for the same one when it is run again.
   *
   * @returns its headers, with the place of this record in its trace instead of the one that it came with
   */
  started(raw: ConsumedRecord): Headers;
  /** Its outcome is certain, and is committed next. What is dropped and read again has no end. */
  finished(unit: Unit): void;
}

/** A codec whose records carry their place in a trace on, so that what is made of them does. */
export class TracedCodec implements Codec {
  readonly #codec: Codec;
  readonly #tracer: RecordTracer;

  constructor(codec: Codec, tracer: RecordTracer) {
    this.#codec = codec;
    this.#tracer = tracer;
  }

  prepare(records: readonly ConsumedRecord[]): Promise<void> | undefined {
    return this.#codec.prepare?.(records);
  }

  read(source: SourceNode, raw: ConsumedRecord, streamTime: number): StreamRecord {
    const headers = this.#tracer.started(raw);
    return { ...this.#codec.read(source, raw, streamTime), headers };
  }

  write(node: string, topic: TopicDeclaration, record: StreamRecord): ProduceRequest {
    return this.#codec.write(node, topic, record);
  }
}
