import type { OperatorNode } from '../operators/operator.js';

/** A node that only passes records on: a merge, or a branch of a split. */
export function passOn(kind: string, name: string | undefined): OperatorNode {
  return Object.freeze({
    kind,
    name,
    stores: Object.freeze([]),
    models: Object.freeze([]),
    timing: 'synchronous',
    keys: 'kept',
    bind: (_context, forward) => forward,
  } satisfies OperatorNode);
}
