/** Streams as a topology's callback sees them. Every call adds nodes to the topology's graph. */
import { TopologyError } from '../errors.js';
import { FOREACH_KIND } from '../operators/foreach.js';
import { type Named, nodesOf, type Operator } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import type { Draft } from './draft.js';
import type { TimestampExtractor } from './graph.js';
import { passOn } from './pass-on.js';
import { type Branch, type BranchPredicate, checkBranches, SPLIT_KIND, splitNode } from './split.js';
import type { TopicDeclaration, TopicSink } from './topic.js';

type R = StreamRecord;

/** What a source may be told. */
export interface SourceOptions extends Named {
  /** Gives records their event time; default: the record's own timestamp. */
  readonly timestampExtractor?: TimestampExtractor;
  /** Where to start without a committed offset; default: the application's `auto.offset.reset`. */
  readonly offsetReset?: 'earliest' | 'latest' | 'none';
}

/** What a sink that chooses a topic for each record must be told. */
export interface ChosenSinkOptions<K, V> extends Named {
  /** Every topic that may be chosen. They are checked at the start; choosing another one fails the record. */
  readonly possible: readonly TopicSink<K, V>[];
}

/** What follows an operator: a stream of what it gives, or nothing when it ends the stream, as `foreach` does. */
export type StreamOf<Out extends R> = [Out] extends [never]
  ? undefined
  : [Out] extends [StreamRecord<infer V, infer K>]
    ? Stream<V, K>
    : never;

type Guard<V, Kept extends V> = (value: V, ...rest: never) => value is Kept;

/** The streams of a split by the names of their branches; a type guard narrows its branch. */
export type Branches<B, V, K> = {
  readonly [Name in keyof B]: Stream<B[Name] extends Guard<V, infer Kept> ? Kept : V, K>;
};

/**
 * An unbounded sequence of records in a topology: Kafka Streams' `KStream`.
 *
 * @typeParam V the values; null among them when there are tombstones
 * @typeParam K the keys
 */
export interface Stream<V, K> {
  /** Carries the types; never set. */
  readonly types?: { readonly value: V; readonly key: K };

  /**
   * Passes the records through operators, one after the other.
   *
   * @throws TopologyError when one is not an operator of millrace: wrap those of RxJS with `rx(name, operator)`
   * @example
   * stream(cars).pipe(filter((car) => car.year > 2015), mapValues((car) => car.price)).to(prices);
   */
  pipe<A extends R>(a: Operator<StreamRecord<V, K>, A>): StreamOf<A>;
  pipe<A extends R, B extends R>(a: Operator<StreamRecord<V, K>, A>, b: Operator<A, B>): StreamOf<B>;
  pipe<A extends R, B extends R, C extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
  ): StreamOf<C>;
  pipe<A extends R, B extends R, C extends R, D extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
  ): StreamOf<D>;
  pipe<A extends R, B extends R, C extends R, D extends R, E extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
    e: Operator<D, E>,
  ): StreamOf<E>;
  pipe<A extends R, B extends R, C extends R, D extends R, E extends R, F extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
    e: Operator<D, E>,
    f: Operator<E, F>,
  ): StreamOf<F>;
  pipe<A extends R, B extends R, C extends R, D extends R, E extends R, F extends R, G extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
    e: Operator<D, E>,
    f: Operator<E, F>,
    g: Operator<F, G>,
  ): StreamOf<G>;
  pipe<A extends R, B extends R, C extends R, D extends R, E extends R, F extends R, G extends R, H extends R>(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
    e: Operator<D, E>,
    f: Operator<E, F>,
    g: Operator<F, G>,
    h: Operator<G, H>,
  ): StreamOf<H>;
  pipe<
    A extends R,
    B extends R,
    C extends R,
    D extends R,
    E extends R,
    F extends R,
    G extends R,
    H extends R,
    I extends R,
  >(
    a: Operator<StreamRecord<V, K>, A>,
    b: Operator<A, B>,
    c: Operator<B, C>,
    d: Operator<C, D>,
    e: Operator<D, E>,
    f: Operator<E, F>,
    g: Operator<F, G>,
    h: Operator<G, H>,
    i: Operator<H, I>,
  ): StreamOf<I>;

  /**
   * Sends each record to the first branch whose predicate holds; a record that no branch takes is dropped and counted.
   *
   * The predicates are tried in the order in which they are written; `otherwise`, written last, takes the rest.
   * `as` is the prefix of the branches' names, as Kafka Streams has it: `<as><branch>`.
   *
   * @throws TopologyError when there is no branch, or one has a number for a name, or follows `otherwise`
   * @example
   * const { petrol, rest } = stream(cars).split({ petrol: (car) => car.fuel === 'petrol', rest: otherwise });
   * petrol.to(petrolCars);
   * rest.to(otherCars);
   */
  split<const B extends Readonly<Record<string, BranchPredicate<V, K>>>>(branches: B, named?: Named): Branches<B, V, K>;

  /**
   * The records of both streams in one. Order is kept within each of the two, not between them.
   *
   * @throws TopologyError when the other stream is this one, or belongs to another topology
   */
  merge<OtherV, OtherK>(other: Stream<OtherV, OtherK>, named?: Named): Stream<V | OtherV, K | OtherK>;

  /**
   * Writes the records to a topic.
   *
   * The stream's types must fit the topic's: null goes only where the topic declares it.
   *
   * @throws TopologyError when the topic is not a declaration
   */
  to(topic: TopicSink<K, V>, named?: Named): void;
  /**
   * Writes each record to the topic that `choose` returns for it: Kafka Streams' `TopicNameExtractor`.
   *
   * @param choose a function of the record; `describe()` prints its name
   * @throws TopologyError when `possible` is empty, or holds something else than declarations
   * @example
   * cars.to((record) => (record.value.fuel === 'petrol' ? petrolCars : otherCars), { possible: [petrolCars, otherCars] });
   */
  to(choose: (record: StreamRecord<V, K>) => TopicSink<K, V>, options: ChosenSinkOptions<K, V>): void;
}

const MERGE_KIND = 'KSTREAM-MERGE-';
const SINK_KIND = 'KSTREAM-SINK-';
const SOURCE_KIND = 'KSTREAM-SOURCE-';

/** Adds a source to the draft. */
export function streamFrom<V, K>(
  draft: Draft,
  topics: readonly TopicDeclaration[],
  options: SourceOptions,
): Stream<V, K> {
  draft.checkOpen();
  const name = draft.names.of(SOURCE_KIND, options.as);
  if (topics.length === 0) throw new TopologyError(`'${name}' reads no topics: give stream() one or more`, name);
  draft.addSource(name, {
    topics: Object.freeze([...topics]),
    timestampExtractor: options.timestampExtractor,
    offsetReset: options.offsetReset,
  });
  return streamAfter(draft, name);
}

function streamAfter<V, K>(draft: Draft, node: string): Stream<V, K> {
  return new DraftStream(draft, node) as unknown as Stream<V, K>;
}

/** The one implementation: types are the interface's affair. */
class DraftStream {
  readonly draft: Draft;
  readonly node: string;

  constructor(draft: Draft, node: string) {
    this.draft = draft;
    this.node = node;
    Object.freeze(this);
  }

  pipe(...operators: readonly unknown[]): DraftStream | undefined {
    this.draft.checkOpen();
    if (operators.length === 0)
      throw new TopologyError(`pipe() after '${this.node}' was given no operators`, this.node);
    let parent = this.node;
    for (const node of operators.flatMap((operator) => nodesOf(operator))) {
      this.#checkGoesOn(parent);
      const name = this.draft.names.of(node.kind, node.name);
      this.draft.addProcessor(name, node, [parent]);
      parent = name;
    }
    return this.draft.operatorOf(parent)?.kind === FOREACH_KIND ? undefined : new DraftStream(this.draft, parent);
  }

  split(branches: Readonly<Record<string, BranchPredicate<unknown, unknown>>>, named: Named = {}): object {
    this.draft.checkOpen();
    const split = this.draft.names.of(SPLIT_KIND, named.as);
    checkBranches(split, branches);
    const targets = Object.entries(branches).map(([branch, predicate]): Branch & { readonly branch: string } => {
      return { branch, predicate, node: this.draft.names.ofBranch(split, branch) };
    });
    this.draft.addProcessor(split, splitNode(named.as, targets), [this.node]);
    return Object.freeze(
      Object.fromEntries(
        targets.map(({ branch, node }) => {
          this.draft.addProcessor(node, passOn(SPLIT_KIND, node), [split]);
          return [branch, new DraftStream(this.draft, node)];
        }),
      ),
    );
  }

  merge(other: unknown, named: Named = {}): DraftStream {
    this.draft.checkOpen();
    const name = this.draft.names.of(MERGE_KIND, named.as);
    if (!(other instanceof DraftStream) || other.draft !== this.draft) {
      throw new TopologyError(`'${name}' merges with something that is not a stream of this topology`, name);
    }
    if (other.node === this.node) {
      throw new TopologyError(`'${name}' merges the stream after '${this.node}' with itself`, name);
    }
    this.draft.addProcessor(name, passOn(MERGE_KIND, named.as), [this.node, other.node]);
    return new DraftStream(this.draft, name);
  }

  to(
    target: TopicDeclaration | ((record: StreamRecord) => TopicDeclaration),
    options: Named & { readonly possible?: readonly TopicDeclaration[] } = {},
  ): void {
    this.draft.checkOpen();
    const name = this.draft.names.of(SINK_KIND, options.as);
    if (typeof target !== 'function') {
      this.draft.addSink(name, target, this.node);
      return;
    }
    const possible = Object.freeze([...(options.possible ?? [])]);
    if (possible.length === 0) {
      throw new TopologyError(
        `'${name}' chooses among no topics: list those that the function may return in { possible: [...] }`,
        name,
      );
    }
    this.draft.addSink(name, Object.freeze({ possible, choose: target }), this.node);
  }

  #checkGoesOn(parent: string): void {
    if (this.draft.operatorOf(parent)?.kind === FOREACH_KIND) {
      throw new TopologyError(`'${parent}' is a foreach, which ends its stream: use peek to look and go on`, parent);
    }
  }
}
