/**
 * Avro schemas as a program goes through them: names resolved, definitions shared, what is wrong said.
 *
 * Source: Apache Avro 1.12 specification; where it leaves a choice, what the Java implementation's `Schema.Parser` does.
 */

/** Properties of a schema that Avro itself gives no meaning: `connect.name`, `logicalType`, `scale` … */
export type Attributes = Readonly<Record<string, unknown>>;

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export interface AvroPrimitive {
  readonly kind: PrimitiveKind;
  readonly attributes: Attributes;
}

export interface AvroArray {
  readonly kind: 'array';
  readonly items: AvroNode;
  readonly attributes: Attributes;
}

export interface AvroMap {
  readonly kind: 'map';
  readonly values: AvroNode;
  readonly attributes: Attributes;
}

export interface AvroUnion {
  readonly kind: 'union';
  readonly branches: readonly AvroNode[];
}

interface AvroNamed {
  /** The full name, with its namespace. */
  readonly name: string;
  /** Full names. */
  readonly aliases: readonly string[];
  readonly doc: string | undefined;
  readonly attributes: Attributes;
}

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroNode;
  /** As it stands in the schema, in Avro's JSON; undefined: none. */
  readonly default: unknown;
  readonly doc: string | undefined;
  readonly order: string | undefined;
  readonly attributes: Attributes;
}

export interface AvroRecord extends AvroNamed {
  readonly kind: 'record';
  /** Complete once the schema is read: a record may contain itself. */
  readonly fields: readonly AvroField[];
}

export interface AvroEnum extends AvroNamed {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
  readonly default: string | undefined;
}

export interface AvroFixed extends AvroNamed {
  readonly kind: 'fixed';
  readonly size: number;
}

/** A schema. A name that is defined elsewhere in it is the same object as its definition. */
export type AvroNode = AvroPrimitive | AvroArray | AvroMap | AvroUnion | AvroRecord | AvroEnum | AvroFixed;

/** A type with a name of its own. */
export type NamedNode = AvroRecord | AvroEnum | AvroFixed;

/** The part of a name behind its last dot. */
export function unqualified(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** The branch of a union with null and one other type; undefined for other schemas. */
export function nonNullBranch(node: AvroNode): AvroNode | undefined {
  if (node.kind !== 'union' || node.branches.length !== 2) return undefined;
  const [first, second] = node.branches as readonly [AvroNode, AvroNode];
  if (first.kind === 'null') return second;
  return second.kind === 'null' ? first : undefined;
}
