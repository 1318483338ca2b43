/**
 * Whether what was written with one schema can be read with another.
 *
 * Source: Apache Avro 1.12, `org.apache.avro.SchemaCompatibility`, with its names of what is wrong; `test/registry` holds
 * this file against it. avsc's own resolvers are not used for this: they say that there is a problem, not which and
 * where, and differ from Java in cases that `docs/schemas.md` lists.
 */
import {
  type AvroEnum,
  type AvroField,
  type AvroNode,
  type AvroRecord,
  unqualified,
} from '../serde/avro/avro-schema.js';

export type IncompatibilityType =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH'
  /** Ours: Java throws, and nothing can be read with such a schema. */
  | 'AMBIGUOUS_ALIASES';

/** One reason why the reader's schema cannot read what the writer's has written. */
export interface Incompatibility {
  readonly type: IncompatibilityType;
  /** Where in the reader's schema: `/fields/1/type`. */
  readonly path: string;
  /** In words. `reader` and `writer` stand for the two schemas. */
  readonly message: string;
}

/** All reasons; none when everything can be read. */
export function incompatibilities(reader: AvroNode, writer: AvroNode): readonly Incompatibility[] {
  return new Check().compare(reader, writer, '');
}

/** What an `int` and so on may be read as. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

const COMPATIBLE: readonly Incompatibility[] = Object.freeze([]);

class Check {
  /** Pairs that are known or being compared: a schema may contain itself. */
  readonly #known = new Map<AvroNode, Map<AvroNode, readonly Incompatibility[]>>();

  compare(reader: AvroNode, writer: AvroNode, path: string): readonly Incompatibility[] {
    let ofReader = this.#known.get(reader);
    if (ofReader === undefined) {
      ofReader = new Map();
      this.#known.set(reader, ofReader);
    }
    const known = ofReader.get(writer);
    if (known !== undefined) return known;
    ofReader.set(writer, COMPATIBLE);
    const found = this.#compare(reader, writer, path);
    ofReader.set(writer, found);
    return found;
  }

  #compare(reader: AvroNode, writer: AvroNode, path: string): readonly Incompatibility[] {
    if (writer.kind === 'union') return this.#writtenUnion(reader, writer.branches, path);
    if (reader.kind === 'union') return this.#readUnion(reader.branches, writer, path);
    if (reader.kind === 'array' && writer.kind === 'array')
      return this.compare(reader.items, writer.items, `${path}/items`);
    if (reader.kind === 'map' && writer.kind === 'map')
      return this.compare(reader.values, writer.values, `${path}/values`);
    if (reader.kind === 'record' && writer.kind === 'record') {
      return [...names(reader, writer, path), ...this.#fields(reader, writer, path)];
    }
    if (reader.kind === 'enum' && writer.kind === 'enum') {
      return [...names(reader, writer, path), ...symbols(reader, writer, path)];
    }
    if (reader.kind === 'fixed' && writer.kind === 'fixed') {
      const found = names(reader, writer, path);
      if (reader.size === writer.size) return found;
      const message = `the writer's '${writer.name}' has ${writer.size} bytes, the reader's ${reader.size}`;
      return [...found, { type: 'FIXED_SIZE_MISMATCH', path: `${path}/size`, message }];
    }
    if (reader.kind === writer.kind || PROMOTIONS[writer.kind]?.includes(reader.kind)) return COMPATIBLE;
    return [
      {
        type: 'TYPE_MISMATCH',
        path,
        message: `the writer's type is ${nameOf(writer)}, the reader's ${nameOf(reader)}`,
      },
    ];
  }

  /** Every branch may have been written. */
  #writtenUnion(reader: AvroNode, branches: readonly AvroNode[], path: string): readonly Incompatibility[] {
    if (reader.kind !== 'union') return branches.flatMap((branch) => this.compare(reader, branch, path));
    return branches.flatMap((branch, i) =>
      this.compare(reader, branch, path).length === 0 ? [] : [lacking(branch, `${path}/${i}`)],
    );
  }

  #readUnion(branches: readonly AvroNode[], writer: AvroNode, path: string): readonly Incompatibility[] {
    const fits = branches.some((branch) => this.compare(branch, writer, path).length === 0);
    return fits ? COMPATIBLE : [lacking(writer, path)];
  }

  #fields(reader: AvroRecord, writer: AvroRecord, path: string): readonly Incompatibility[] {
    return reader.fields.flatMap((field, i) => {
      const at = `${path}/fields/${i}`;
      const [written, another] = writtenFields(field, writer);
      if (another !== undefined) {
        const message = `the reader's field '${field.name}' could be '${written!.name}' or '${another.name}' of the writer, by its aliases`;
        return [{ type: 'AMBIGUOUS_ALIASES', path: at, message }];
      }
      if (written !== undefined) return this.compare(field.type, written.type, `${at}/type`);
      if (field.default !== undefined) return COMPATIBLE;
      const message = `the reader's field '${field.name}' has no default, and the writer's '${writer.name}' has no such field`;
      return [{ type: 'READER_FIELD_MISSING_DEFAULT_VALUE', path: at, message }];
    });
  }
}

/** The fields that may have been written for one that is read: by its name or its aliases. */
function writtenFields(field: AvroField, writer: AvroRecord): readonly AvroField[] {
  const wanted = new Set([field.name, ...field.aliases]);
  return writer.fields.filter(({ name }) => wanted.has(name));
}

/** Namespaces are not compared, except in aliases. */
function names(
  reader: Extract<AvroNode, { name: string }>,
  writer: Extract<AvroNode, { name: string }>,
  path: string,
): readonly Incompatibility[] {
  if (unqualified(reader.name) === unqualified(writer.name) || reader.aliases.includes(writer.name)) return COMPATIBLE;
  const message = `the writer's is named '${writer.name}', the reader's '${reader.name}', which has no such alias`;
  return [{ type: 'NAME_MISMATCH', path: `${path}/name`, message }];
}

function symbols(reader: AvroEnum, writer: AvroEnum, path: string): readonly Incompatibility[] {
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol));
  if (missing.length === 0 || reader.default !== undefined) return COMPATIBLE;
  const message = `the reader's enum '${reader.name}' has neither ${missing.join(', ')} nor a default`;
  return [{ type: 'MISSING_ENUM_SYMBOLS', path: `${path}/symbols`, message }];
}

function lacking(branch: AvroNode, path: string): Incompatibility {
  return {
    type: 'MISSING_UNION_BRANCH',
    path,
    message: `the reader's union has no branch that reads ${nameOf(branch)}`,
  };
}

function nameOf(node: AvroNode): string {
  return 'name' in node ? `${node.kind} '${node.name}'` : node.kind;
}
