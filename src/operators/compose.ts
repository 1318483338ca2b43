import type { OperatorFunction } from 'rxjs';
import type { StreamRecord } from '../record.js';
import { nodesOf, type Operator, withNodes } from './operator.js';

type R = StreamRecord;

/**
 * Joins operators into one, keeping their nodes (the `pipe` of RxJS would lose them).
 *
 * @example
 * const price = compose(unwrap(), predict(fordPrice, { features }));
 */
export function compose<A extends R, B extends R>(a: Operator<A, B>): Operator<A, B>;
export function compose<A extends R, B extends R, C extends R>(a: Operator<A, B>, b: Operator<B, C>): Operator<A, C>;
export function compose<A extends R, B extends R, C extends R, D extends R>(
  a: Operator<A, B>,
  b: Operator<B, C>,
  c: Operator<C, D>,
): Operator<A, D>;
export function compose<A extends R, B extends R, C extends R, D extends R, E extends R>(
  a: Operator<A, B>,
  b: Operator<B, C>,
  c: Operator<C, D>,
  d: Operator<D, E>,
): Operator<A, E>;
export function compose<A extends R, B extends R, C extends R, D extends R, E extends R, F extends R>(
  a: Operator<A, B>,
  b: Operator<B, C>,
  c: Operator<C, D>,
  d: Operator<D, E>,
  e: Operator<E, F>,
): Operator<A, F>;
export function compose<A extends R, B extends R, C extends R, D extends R, E extends R, F extends R, G extends R>(
  a: Operator<A, B>,
  b: Operator<B, C>,
  c: Operator<C, D>,
  d: Operator<D, E>,
  e: Operator<E, F>,
  f: Operator<F, G>,
): Operator<A, G>;
export function compose(...operators: Operator<R, R>[]): Operator<R, R> {
  const nodes = operators.flatMap((operator) => nodesOf(operator));
  const run: OperatorFunction<R, R> = (source) => operators.reduce((stream, operator) => operator(stream), source);
  return withNodes(run, nodes);
}
