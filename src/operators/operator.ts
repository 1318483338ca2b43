/**
 * What an operator is: a plain RxJS `OperatorFunction` on records, with a description of its node attached.
 *
 * The same `bind` serves both ways of running it. Called by hand (a marble test, a REPL) it is bound to an
 * {@link OperatorContext} with in-memory state, made for the subscription; in a topology the runtime binds it to a
 * task. An operator never knows which.
 */
import type { OperatorFunction } from 'rxjs';
import type { Clock, Timer } from '../clock.js';
import type { ErrorHandler } from '../error-handler.js';
import { TopologyError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import type { StreamRecord } from '../record.js';
import type { KeyValueStore, StoreDeclaration } from '../state/store.js';
import { runUnbound } from './unbound.js';

/** Passes a record to what follows. Returns when everything synchronous behind it is done. */
export type Forward<R extends StreamRecord = StreamRecord> = (record: R) => void;

/**
 * A record held by an asynchronous operator: while a ticket is out, the record is not finished, and neither it nor a
 * later one of its task is committed.
 */
export interface Ticket {
  /** The place of its record in the order of the task. */
  readonly sequence: number;
  /** True once the record is being run again, or its partition is gone: the ticket's results are not wanted. */
  readonly stale: boolean;
  /** True once the record's outcome is certain: everything of it is done, and of every earlier record of the task. */
  readonly finished: boolean;
  /** True once the record has failed for certain: it leaves no output and no state. */
  readonly failed: boolean;
  /**
   * What this node keeps for the record in case it is run again: an answer, so that nothing is asked twice. A node that
   * takes several tickets for a record (after a flatMap) has something to keep for each, in the order of taking them.
   */
  kept: unknown;
}

/** What may be counted by operators; the application adds them up for its status. */
export type Countable = 'filtered' | 'duplicate' | 'stale' | 'superseded' | 'asked' | 'remembered' | 'dropped';

/** Counts that have not begun. */
export const noEvents = (): Record<Countable, number> => ({
  filtered: 0,
  duplicate: 0,
  stale: 0,
  superseded: 0,
  asked: 0,
  remembered: 0,
  dropped: 0,
});

/** When a punctuation is due: as records' timestamps advance, or as the clock does. */
export type PunctuationType = 'stream-time' | 'wall-clock-time';

/** What a bound operator may use. Implemented by the runtime's task and, for operators called by hand, in memory. */
export interface OperatorContext {
  /** The node's name in the topology. */
  readonly node: string;
  readonly clock: Clock;
  /** The largest timestamp seen by the task, milliseconds; -1 before the first record. */
  streamTime(): number;
  /** Whether the record being worked on is a dead letter that comes back: records behind it may be in already. */
  redriven(): boolean;
  /** @throws TopologyError when the node did not declare the store */
  store<K, V>(declaration: StoreDeclaration<K, V>): KeyValueStore<K, V>;
  /** The model that the configuration binds to the name. */
  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P>;
  /** Where a child that is named takes records from (for splits). */
  child(name: string): Forward;
  /** Takes a ticket for the record being worked on. Every ticket is given back once, by `resume` or `fail`. */
  hold(): Ticket;
  /** Makes the ticket's record the one being worked on, runs `deliver`, and gives the ticket back. */
  resume(ticket: Ticket, deliver: () => void): void;
  /** Gives the ticket back: its record failed. `onError` overrides the application's processing handler. */
  fail(ticket: Ticket, error: Error, onError?: ErrorHandler): void;
  /**
   * Runs `callback` once the record of `earlier` is finished, delivered or failed, with the record of `waiting` as the
   * one being worked on. `waiting` stays out. Does not run when either is stale.
   */
  whenFinished(earlier: Ticket, waiting: Ticket, callback: () => void): void;
  /** Calls back every `intervalMs` milliseconds with the time that has come. The callback may forward and use stores. */
  schedule(intervalMs: number, type: PunctuationType, callback: (timestamp: number) => void): Timer;
  count(what: Countable): void;
  /** Runs `callback` when the operator is no longer needed. */
  onClose(callback: () => void): void;
}

/** One node of a topology as its operator describes it. */
export interface OperatorNode {
  /** Prefix of a generated name, as Kafka Streams has it: `KSTREAM-FILTER-`. */
  readonly kind: string;
  /** The name given by `as`. */
  readonly name: string | undefined;
  readonly stores: readonly StoreDeclaration[];
  readonly models: readonly ModelDeclaration[];
  /** Whether results may come after `process` has returned. */
  readonly timing: 'synchronous' | 'asynchronous';
  /** Whether records may leave with another key than they came with. */
  readonly keys: 'kept' | 'changed';
  /**
   * Called once for each task (or subscription) that runs the node.
   *
   * @param forward passes a result on; may be called any number of times for a record, only while that record is the
   *   one being worked on
   * @returns called with each record, in order
   */
  bind(context: OperatorContext, forward: Forward): Forward;
}

export const NODES: unique symbol = Symbol('millrace.nodes');

/**
 * An operator on records: usable in `.pipe()` of a topology's stream and of any Observable.
 *
 * @typeParam In the records it takes
 * @typeParam Out the records it gives
 */
export interface Operator<In extends StreamRecord, Out extends StreamRecord> extends OperatorFunction<In, Out> {
  readonly [NODES]: readonly OperatorNode[];
}

/** Names a node. */
export interface Named {
  /** The node's name in the topology; unique there. Default: generated as Kafka Streams does. */
  readonly as?: string;
}

/** The parts of a node that have a usual value. */
export interface NodeParts<In extends StreamRecord = StreamRecord> {
  readonly kind: string;
  readonly name?: string | undefined;
  readonly stores?: readonly StoreDeclaration[];
  readonly models?: readonly ModelDeclaration[];
  readonly timing?: OperatorNode['timing'];
  readonly keys?: OperatorNode['keys'];
  /** As {@link OperatorNode.bind}; takes the records that the operator takes. */
  bind(context: OperatorContext, forward: Forward): Forward<In>;
}

/** Makes an operator of one node. The operators of this folder are written with it; users write `operator()`. */
export function operatorOf<In extends StreamRecord, Out extends StreamRecord>(parts: NodeParts<In>): Operator<In, Out> {
  const node: OperatorNode = Object.freeze({
    kind: parts.kind,
    name: parts.name,
    stores: Object.freeze([...(parts.stores ?? [])]),
    models: Object.freeze([...(parts.models ?? [])]),
    timing: parts.timing ?? 'synchronous',
    keys: parts.keys ?? 'kept',
    bind: parts.bind as OperatorNode['bind'],
  });
  return withNodes(runUnbound(node) as unknown as OperatorFunction<In, Out>, [node]);
}

/** Attaches nodes to an operator function. */
export function withNodes<In extends StreamRecord, Out extends StreamRecord>(
  run: OperatorFunction<In, Out>,
  nodes: readonly OperatorNode[],
): Operator<In, Out> {
  return Object.freeze(
    Object.assign((source: Parameters<typeof run>[0]) => run(source), { [NODES]: Object.freeze(nodes) }),
  );
}

/**
 * The nodes of an operator.
 *
 * @throws TopologyError when it is an RxJS operator that is not ours
 */
export function nodesOf(operator: unknown): readonly OperatorNode[] {
  const nodes = typeof operator === 'function' ? (operator as Partial<Operator<never, never>>)[NODES] : undefined;
  if (nodes === undefined) {
    throw new TopologyError(
      'pipe() was given something that is not an operator of millrace. Wrap an operator of RxJS as rx(name, operator), ' +
        'and join operators of millrace with compose(a, b), not with the pipe() of RxJS, which loses their nodes.',
    );
  }
  return nodes;
}
