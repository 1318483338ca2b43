/**
 * Unions that read a value as the branch that Java reads it as: the same type before one that it can be promoted to.
 * avsc's own take the first branch that can read it at all, so that a string becomes bytes when bytes come first.
 *
 * Source: Java's `Resolver.ReaderUnion.firstMatchingBranch`.
 */
import avsc, { type Type } from 'avsc';
import { unqualified } from './avro-schema.js';
import type { Tap } from './tap.js';

type Readable = Type & { _read(tap: Tap): unknown };

interface Resolver {
  _read: (tap: Tap) => unknown;
}

interface ResolverOptions {
  readonly registry?: Readonly<Record<string, unknown>>;
}

export class MatchingUnion extends avsc.types.UnwrappedUnionType {
  _update(resolver: Resolver, writer: Type, options: ResolverOptions): void {
    const match = matching(this.types, writer, options);
    if (match !== undefined) resolver._read = match.read;
  }
}

/** For branches that a value alone does not tell apart: the value stands in an object, under the name of its branch. */
export class MatchingWrappedUnion extends avsc.types.WrappedUnionType {
  _read(tap: Tap): unknown {
    const branch = this.types[tap.readLong()] as Readable | undefined;
    if (branch === undefined) throw new Error('there is no such branch in the union');
    return wrapped(branch, branch._read(tap));
  }

  _update(resolver: Resolver, writer: Type, options: ResolverOptions): void {
    const match = matching(this.types, writer, options);
    if (match !== undefined) resolver._read = (tap) => wrapped(match.branch, match.read(tap));
  }
}

function wrapped(branch: Type, value: unknown): unknown {
  return branch.typeName === 'null' ? null : { [branch.branchName!]: value };
}

function matching(branches: readonly Type[], writer: Type, options: ResolverOptions) {
  const ranked = branches.map((branch) => ({ branch, rank: rankOf(branch, writer) })).sort((a, b) => a.rank - b.rank);
  for (const { branch } of ranked) {
    try {
      // A copy: avsc remembers records that it could not resolve as if it could.
      const tried: object = { ...options, registry: { ...options.registry } };
      const resolver = branch.createResolver(writer, tried) as unknown as Resolver;
      return { branch, read: (tap: Tap) => resolver._read(tap) };
    } catch {
      // The next branch may read it.
    }
  }
  return undefined;
}

/** Lowest first: the same type, by its full name, by its short one, by its structure; then what it is promoted to. */
function rankOf(branch: Type, writer: Type): number {
  if (branch.typeName !== writer.typeName) return 3;
  if (branch.name === writer.name) return 0;
  return unqualified(branch.name ?? '') === unqualified(writer.name ?? '') ? 1 : 2;
}
