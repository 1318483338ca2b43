/** All parts of the stack. A new part is added here. */
import { bentomlPart } from './bentoml.js';
import { connectPart } from './connect.js';
import { kafkaPart } from './kafka.js';
import { type Part, StackError } from './part.js';
import { postgresPart } from './postgres.js';
import { registryPart } from './registry.js';

/** In an order in which each comes after those that it needs. */
export const allParts = (): readonly Part[] => [
  postgresPart(),
  kafkaPart(),
  registryPart(),
  bentomlPart(),
  connectPart(),
];

/**
 * The named parts; all of them when no name is given.
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
