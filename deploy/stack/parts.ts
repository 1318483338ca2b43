/** All parts of the stack, in the order in which they start. A new part is added here. */
import { kafkaPart } from './kafka.js';
import { type Part, StackError } from './part.js';

export const allParts = (): readonly Part[] => [kafkaPart()];

/**
 * The named parts in starting order; all of them when no name is given.
 *
 * @throws StackError for a name that is no part's
 */
export function chooseParts(names: readonly string[]): readonly Part[] {
  const all = allParts();
  const known = all.map((part) => part.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new StackError(`No part is called ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  return names.length === 0 ? all : all.filter((part) => names.includes(part.name));
}
