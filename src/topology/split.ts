/** The nodes of a split: one that chooses, and one for each branch that passes on, as in Kafka Streams. */
import { TopologyError } from '../errors.js';
import type { OperatorNode } from '../operators/operator.js';
import type { StreamRecord } from '../record.js';
import { passOn } from './pass-on.js';

/** Whether a record belongs to a branch. A type guard narrows the stream of its branch. */
export type BranchPredicate<V, K> = (value: V, record: StreamRecord<V, K>) => boolean;

export const SPLIT_KIND = 'KSTREAM-BRANCH-';

/**
 * The predicate of the default branch: takes what no branch before it took. Only for the last branch of a split.
 *
 * @example
 * const { petrol, rest } = cars.split({ petrol: (car) => car.fuel === 'petrol', rest: otherwise });
 */
export function otherwise(): true {
  return true;
}

/** A branch and the node that its records go to. */
export interface Branch {
  readonly node: string;
  readonly predicate: BranchPredicate<unknown, unknown>;
}

/**
 * Checks the branches of a split.
 *
 * @throws TopologyError when there is none, when a name would move to the front (objects list integer-like names
 *   first, whatever the order in the source), or when `otherwise` is not the last
 */
export function checkBranches(split: string, branches: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(branches);
  if (names.length === 0) throw new TopologyError(`'${split}' splits a stream into no branches`, split);
  for (const [i, name] of names.entries()) {
    if (/^\d+$/.test(name)) {
      throw new TopologyError(
        `'${split}' has a branch named '${name}': JavaScript would move it before the others, and the first branch ` +
          'that matches gets the record. Give it a name that is not a number',
        split,
      );
    }
    if (typeof branches[name] !== 'function') {
      throw new TopologyError(`the branch '${name}' of '${split}' needs a predicate: a function of the value`, split);
    }
    if (branches[name] === otherwise && i < names.length - 1) {
      throw new TopologyError(
        `'otherwise' of '${split}' is followed by the branch '${names[i + 1]}', which would get nothing: put it last`,
        split,
      );
    }
  }
}

/** Sends each record to the first branch whose predicate holds; without one the record is dropped. */
export function splitNode(name: string | undefined, branches: readonly Branch[]): OperatorNode {
  return Object.freeze({
    ...passOn(SPLIT_KIND, name),
    bind: (context) => {
      const targets = branches.map(({ node, predicate }) => ({ predicate, forward: context.child(node) }));
      return (record) => {
        const target = targets.find(({ predicate }) => predicate(record.value, record));
        if (target === undefined) context.count('filtered');
        else target.forward(record);
      };
    },
  } satisfies OperatorNode);
}
