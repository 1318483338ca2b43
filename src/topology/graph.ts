/**
 * A topology as data: a frozen graph of sources, processors and sinks, as the runtime and `describe()` read it.
 *
 * Records flow from a node to its children, in the order of `children`.
 */
import type { OperatorNode } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import type { StoreDeclaration } from '../state/store.js';
import type { TopicDeclaration } from './topic.js';

/** Gives a record its event time, milliseconds since the epoch; a negative or non-finite one is a record error. */
export type TimestampExtractor = (record: StreamRecord, streamTime: number) => number;

interface NodeBase {
  /** Unique in the topology. */
  readonly name: string;
  readonly parents: readonly string[];
  readonly children: readonly string[];
}

export interface SourceNode extends NodeBase {
  readonly role: 'source';
  readonly topics: readonly TopicDeclaration[];
  readonly timestampExtractor: TimestampExtractor | undefined;
  /** Where to start without a committed offset; undefined: the application's `auto.offset.reset`. */
  readonly offsetReset: 'earliest' | 'latest' | 'none' | undefined;
}

export interface ProcessorNode extends NodeBase {
  readonly role: 'processor';
  readonly operator: OperatorNode;
}

/** Chooses the topic of each record; `possible` lists what it may choose. */
export interface TopicChoice {
  readonly possible: readonly TopicDeclaration[];
  choose(record: StreamRecord): TopicDeclaration;
}

export interface SinkNode extends NodeBase {
  readonly role: 'sink';
  readonly topic: TopicDeclaration | TopicChoice;
}

export type GraphNode = SourceNode | ProcessorNode | SinkNode;

/** Nodes that are connected, directly or by a store: one task for each partition of their topics. */
export interface Subtopology {
  readonly id: number;
  /** In topological order: parents before children. */
  readonly nodes: readonly GraphNode[];
  readonly sourceTopics: readonly string[];
  readonly stores: readonly StoreDeclaration[];
  /** Source topics by the topics through which their dead letters come back; only where the runtime adds them. */
  readonly redriveTopics?: ReadonlyMap<string, string>;
}

/** A validated topology. Frozen; running it changes nothing in it. */
export interface Topology {
  readonly name: string;
  readonly subtopologies: readonly Subtopology[];
  /** All declared topics by name, sources and sinks. */
  readonly topics: ReadonlyMap<string, TopicDeclaration>;
  /** The text of Kafka Streams' `Topology.describe()`. */
  describe(): string;
  /**
   * A flowchart of Mermaid, which GitHub and many editors draw.
   *
   * @example
   * await writeFile('topology.mmd', carPrices.toMermaid());
   */
  toMermaid(): string;
}
