/**
 * Binds a subtopology to a task: each node gets its context, each edge becomes a call.
 *
 * Nodes are bound from the sinks up, so that every node knows the functions of its children.
 */
import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { Forward } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import { NotReady } from '../serde/serde.js';
import type { KeyValueStore } from '../state/store.js';
import type { TaskStore } from '../state/task-store.js';
import type { ProcessorNode, SinkNode, SourceNode, Subtopology } from '../topology/graph.js';
import type { TopicDeclaration } from '../topology/topic.js';
import { located } from './failure.js';
import { originOf, redrivenOf } from './redrive.js';
import type { Task } from './task.js';
import { TaskContext } from './task-context.js';

/** From bytes to records and back, for the topics of an application. */
export interface Codec {
  /**
   * Fetches what the decoding of these records will need; undefined when nothing is missing.
   * @throws (rejects) BrokerError `retriable` when trying again may help
   */
  prepare?(records: readonly ConsumedRecord[]): Promise<void> | undefined;
  /** @throws Located, phase `deserialization`, when the bytes make no sense or the timestamp is no time */
  read(source: SourceNode, raw: ConsumedRecord, streamTime: number): StreamRecord;
  /**
   * @throws Located, phase `production`, when the record cannot be written to the topic; NotReady when it cannot be yet
   */
  write(node: string, topic: TopicDeclaration, record: StreamRecord): ProduceRequest;
}

/** Watches what passes a node, if anybody does. */
export interface Taps {
  tap(node: string): { listener: ((record: StreamRecord) => void) | undefined };
}

/** Binds `task` to run `subtopology` with these stores. */
export function wire(
  task: Task,
  subtopology: Subtopology,
  stores: readonly (TaskStore & KeyValueStore)[],
  codec: Codec,
  taps: Taps,
): void {
  const byName = new Map<string, Forward>();
  const storesByName = new Map(stores.map((store) => [store.name, store as KeyValueStore]));
  const heads = new Map<string, (raw: ConsumedRecord) => void>();

  for (let place = subtopology.nodes.length - 1; place >= 0; place -= 1) {
    const node = subtopology.nodes[place]!;
    const children = new Map(node.children.map((name) => [name, byName.get(name)!]));
    if (node.role === 'sink') {
      byName.set(node.name, sink(task, node, place, codec, taps));
    } else if (node.role === 'processor') {
      byName.set(node.name, processor(task, node, place, storesByName, children, taps));
    } else {
      const head = source(task, node, codec, taps, toAll([...children.values()]));
      for (const topic of node.topics) heads.set(topic.name, head);
    }
  }
  for (const [topic, sourceTopic] of subtopology.redriveTopics ?? []) {
    heads.set(topic, redriven(task, heads.get(sourceTopic)!));
  }
  task.bind((raw) => heads.get(raw.topic)!(raw), stores);
}

function source(
  task: Task,
  node: SourceNode,
  codec: Codec,
  taps: Taps,
  forward: Forward,
): (raw: ConsumedRecord) => void {
  const tap = taps.tap(node.name);
  return (raw) => {
    const record = codec.read(node, raw, task.streamTime);
    task.observeTime(record.timestamp);
    tap.listener?.(record);
    forward(record);
  };
}

/** Takes dead letters that come back for what they were. */
function redriven(task: Task, head: (raw: ConsumedRecord) => void): (raw: ConsumedRecord) => void {
  return (raw) => {
    const was = redrivenOf(raw);
    if (was.supersededBy !== undefined) {
      task.port.count('superseded');
      return;
    }
    const origin = originOf(raw, was);
    task.standsFor(origin);
    head(origin);
  };
}

function processor(
  task: Task,
  node: ProcessorNode,
  place: number,
  stores: ReadonlyMap<string, KeyValueStore>,
  children: ReadonlyMap<string, Forward>,
  taps: Taps,
): Forward {
  const declared = new Map<string, KeyValueStore>();
  for (const { name } of node.operator.stores) declared.set(name, stores.get(name)!);
  const context = new TaskContext(task, node.name, place + 1, declared, children);
  const forward = children.size === 0 ? () => task.consumed() : toAll([...children.values()]);
  const process = node.operator.bind(context, forward);
  const endsHere = children.size === 0;
  const tap = taps.tap(node.name);
  return (record) => {
    tap.listener?.(record);
    try {
      process(record);
    } catch (thrown) {
      throw located(thrown, node.name, 'processing');
    }
    if (endsHere) task.consumed();
  };
}

function sink(task: Task, node: SinkNode, place: number, codec: Codec, taps: Taps): Forward {
  const { topic } = node;
  const choose = 'choose' in topic ? (record: StreamRecord) => topic.choose(record) : () => topic;
  const write = (record: StreamRecord) => codec.write(node.name, choose(record), record);
  const tap = taps.tap(node.name);
  return (record) => {
    tap.listener?.(record);
    try {
      task.emit(write(record));
    } catch (thrown) {
      if (!(thrown instanceof NotReady)) throw located(thrown, node.name, 'production');
      const output = task.emitLater(node.name, place + 1, () => write(record));
      void output.when(thrown.ready);
    }
  };
}

function toAll(children: readonly Forward[]): Forward {
  if (children.length === 1) return children[0]!;
  return (record) => {
    for (const child of children) child(record);
  };
}
