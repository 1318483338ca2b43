/** Names of nodes: given by `as`, or generated as Kafka Streams' `StreamsBuilder` generates them. */
import { TopologyError } from '../errors.js';

const LONGEST_NAME = 249;

/**
 * Checks a name as Kafka Streams' `Named` does: 1 to 249 of `[A-Za-z0-9._-]`, neither `.` nor `..`.
 *
 * @param what what the name names, for the error: `the topology`, `a node` …
 * @throws TopologyError when it is not such a name
 */
export function checkName(name: string, what: string): string {
  if (typeof name !== 'string' || name === '') throw new TopologyError(`${what} needs a name that is not empty`);
  if (name.length > LONGEST_NAME) {
    throw new TopologyError(
      `the name of ${what} has ${name.length} characters, more than ${LONGEST_NAME}: '${name.slice(0, 40)}…'`,
      name,
    );
  }
  if (!/^[A-Za-z0-9._-]+$/.test(name) || name === '.' || name === '..') {
    throw new TopologyError(
      `'${name}' cannot name ${what}: names are made of letters, digits, '.', '_' and '-', as topics' names are`,
      name,
    );
  }
  return name;
}

/**
 * Kinds whose given name uses up no index. `KStream.processValues(…, Named)` is the only one in Kafka Streams; every
 * other operator burns one, so that naming a node renames no other.
 */
const KINDS_THAT_BURN_NO_INDEX: ReadonlySet<string> = new Set(['KSTREAM-PROCESSVALUES-']);

/**
 * Gives the nodes of one topology their names.
 *
 * Source: `InternalStreamsBuilder.newProcessorName` and `NamedInternal` of Kafka Streams 4.3.
 */
export class NodeNames {
  readonly #taken = new Set<string>();
  #index = 0;

  /** A node's name: the given one, or its kind and the next index, ten digits. */
  of(kind: string, given: string | undefined): string {
    if (given === undefined) return this.#take(kind + this.#nextIndex());
    if (!KINDS_THAT_BURN_NO_INDEX.has(kind)) this.#nextIndex();
    return this.#take(checkName(given, 'a node'));
  }

  /** The name of a branch of a split: the split's name and the branch's. */
  ofBranch(split: string, branch: string): string {
    this.#nextIndex();
    return this.#take(checkName(split + branch, 'a branch'));
  }

  #nextIndex(): string {
    const index = this.#index;
    this.#index += 1;
    return String(index).padStart(10, '0');
  }

  #take(name: string): string {
    if (this.#taken.has(name)) {
      throw new TopologyError(
        `two nodes are named '${name}': names are unique in a topology, give one of them another with { as }`,
        name,
      );
    }
    this.#taken.add(name);
    return name;
  }
}
