/** Random values of a schema of Avro, as a serde gives and takes them. */
import fc from 'fast-check';
import type { AvroNode, AvroUnion } from '../../src/serde/avro/avro-schema.js';
import { nonNullBranch } from '../../src/serde/avro/avro-schema.js';
import { scaleOfDecimal } from '../../src/serde/avro/to-connect.js';

const LONGS = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((long) => (Number.isSafeInteger(Number(long)) ? Number(long) : long)),
);

/** How deep records stand in each other; below, whatever may be empty is. */
const DEEPEST = 5;

interface Place {
  /** Inside a union of several types decimals are bytes. */
  readonly within: 'a union' | 'nothing';
  readonly depth: number;
}

/** Values of a schema; one that contains itself a few times over. */
export function values(node: AvroNode, place: Place = { within: 'nothing', depth: 0 }): fc.Arbitrary<unknown> {
  const scale = scaleOfDecimal(node);
  if (scale !== undefined && place.within === 'nothing') return decimals(node, scale);
  const isDeepest = place.depth >= DEEPEST;
  switch (node.kind) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return LONGS;
    case 'float':
      return fc.float();
    case 'double':
      return fc.double();
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return bytes(1, 20);
    case 'fixed':
      return bytes(node.size, node.size);
    case 'enum':
      return fc.constantFrom(...node.symbols);
    case 'array':
      return isDeepest ? fc.constant([]) : fc.array(values(node.items, place), { maxLength: 4 });
    case 'map':
      if (isDeepest) return fc.constant({});
      return fc.dictionary(fc.string({ maxLength: 4 }), values(node.values, place), {
        maxKeys: 3,
        noNullPrototype: true,
      });
    case 'record': {
      const inside = { ...place, depth: place.depth + 1 };
      return fc.record(Object.fromEntries(node.fields.map(({ name, type }) => [name, values(type, inside)])), {
        noNullPrototype: true,
      });
    }
    case 'union':
      return isDeepest && node.branches.some(({ kind }) => kind === 'null')
        ? fc.constant(null)
        : unionValues(node, place);
  }
}

function unionValues(node: AvroUnion, place: Place): fc.Arbitrary<unknown> {
  const inside: Place = nonNullBranch(node) === undefined ? { ...place, within: 'a union' } : place;
  const wrap = isWrapped(node.branches);
  const branches = node.branches.map((branch) =>
    values(branch, inside).map((value) => (wrap && value !== null ? { [branchName(branch)]: value } : value)),
  );
  return fc.oneof(...branches);
}

function bytes(minLength: number, maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

function decimals(node: AvroNode, scale: number): fc.Arbitrary<string> {
  const { precision } = 'attributes' in node ? node.attributes : {};
  const most = 10n ** BigInt(Number(precision)) - 1n;
  return fc.bigInt({ min: -most, max: most }).map((unscaled) => decimalOf(unscaled, scale));
}

function decimalOf(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`;
}

export function branchName(branch: AvroNode): string {
  return 'name' in branch ? branch.name : branch.kind;
}

const BUCKETS: Readonly<Record<string, string>> = {
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  fixed: 'bytes',
  enum: 'string',
  record: 'object',
  map: 'object',
};

/** Whether a value of the union says its branch: where the value alone does not tell. */
export function isWrapped(branches: readonly AvroNode[]): boolean {
  const buckets = branches.map(({ kind }) => BUCKETS[kind] ?? kind);
  return new Set(buckets).size < buckets.length;
}
