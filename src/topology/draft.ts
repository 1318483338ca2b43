/** The graph while the callback of `topology()` runs: nodes are added in the order of the calls, none is removed. */
import { isDeepStrictEqual } from 'node:util';
import { TopologyError } from '../errors.js';
import type { OperatorNode } from '../operators/operator.js';
import type { GraphNode, SinkNode, SourceNode, TopicChoice } from './graph.js';
import { NodeNames } from './names.js';
import type { TopicDeclaration } from './topic.js';

/** What is known of a node before its neighbours are. */
type Role =
  | Pick<SourceNode, 'role' | 'topics' | 'timestampExtractor' | 'offsetReset'>
  | { readonly role: 'processor'; readonly operator: OperatorNode }
  | Pick<SinkNode, 'role' | 'topic'>;

interface DraftNode {
  readonly role: Role;
  readonly parents: readonly string[];
  readonly children: string[];
}

export class Draft {
  readonly topology: string;
  readonly names = new NodeNames();
  readonly topics = new Map<string, TopicDeclaration>();
  readonly #nodes = new Map<string, DraftNode>();
  readonly #readBy = new Map<string, string>();
  #finished = false;

  constructor(topology: string) {
    this.topology = topology;
  }

  /** @throws TopologyError when the topology is finished: a stream was kept and used after the callback returned */
  checkOpen(): void {
    if (!this.#finished) return;
    throw new TopologyError(
      `the topology '${this.topology}' is finished: its streams can be used only inside the callback of topology()`,
      this.topology,
    );
  }

  addSource(name: string, source: Omit<SourceNode, 'role' | 'name' | 'parents' | 'children'>): void {
    for (const topic of source.topics) {
      this.#declare(topic, name);
      const reader = this.#readBy.get(topic.name);
      if (reader !== undefined) {
        throw new TopologyError(
          `the topic '${topic.name}' is read by two sources, '${reader}' and '${name}': ` +
            'read it once, keep the stream in a constant and use that twice',
          name,
        );
      }
      this.#readBy.set(topic.name, name);
    }
    this.#add(name, { role: 'source', ...source }, []);
  }

  addProcessor(name: string, operator: OperatorNode, parents: readonly string[]): void {
    this.#add(name, { role: 'processor', operator }, parents);
  }

  addSink(name: string, topic: TopicDeclaration | TopicChoice, parent: string): void {
    for (const possible of isChoice(topic) ? topic.possible : [topic]) this.#declare(possible, name);
    this.#add(name, { role: 'sink', topic }, [parent]);
  }

  /** The operator of a node, when it has one. */
  operatorOf(name: string): OperatorNode | undefined {
    const role = this.#nodes.get(name)?.role;
    return role?.role === 'processor' ? role.operator : undefined;
  }

  /** All nodes, parents before children. */
  finish(): readonly GraphNode[] {
    this.#finished = true;
    return [...this.#nodes].map(([name, { role, parents, children }]) =>
      Object.freeze({ name, parents, children: Object.freeze(children), ...role }),
    );
  }

  #add(name: string, role: Role, parents: readonly string[]): void {
    this.#nodes.set(name, { role, parents: Object.freeze([...parents]), children: [] });
    for (const parent of parents) this.#nodes.get(parent)?.children.push(name);
  }

  #declare(topic: TopicDeclaration, node: string): void {
    if (typeof topic !== 'object' || topic === null || !('name' in topic && 'key' in topic && 'value' in topic)) {
      throw new TopologyError(
        `'${node}' was given ${describeValue(topic)} for a topic: declare topics with topic(), changes() or table() ` +
          'and pass the declaration, which knows what the topic holds',
        node,
      );
    }
    const known = this.topics.get(topic.name);
    if (known !== undefined && known !== topic && !isDeepStrictEqual(known, topic)) {
      throw new TopologyError(
        `'${node}' uses a declaration of the topic '${topic.name}' that differs from the one used before it: ` +
          'declare a topic once, and import the declaration where it is used',
        node,
      );
    }
    this.topics.set(topic.name, known ?? topic);
  }
}

function isChoice(topic: TopicDeclaration | TopicChoice): topic is TopicChoice {
  return typeof topic === 'object' && topic !== null && 'possible' in topic;
}

function describeValue(value: unknown): string {
  return typeof value === 'string'
    ? `the text '${value}'`
    : value === null
      ? 'null'
      : `a value of type ${typeof value}`;
}
