/**
 * Debezium's changes in Avro, read as far as they are used: the row, the operation and where the change is in the log
 * are made when a change is decoded; the rest when it is asked for.
 *
 * A1. It looks like a plain object with all members in their order, as a change from JSON does (`lazy-object.ts`), and
 *     cannot be changed.
 * A2. An envelope has an `op` of Debezium, or it is refused when it is decoded; so are bytes that are too few or too many.
 * A3. What is no envelope is given as it is, with its schema in the context.
 */
import { inspect } from 'node:util';
import type { Change } from '../../cdc/change.js';
import { isEnvelopeSchema } from '../envelope-schema.js';
import { deepFreeze } from '../freeze.js';
import { writesExactly } from '../json-text.js';
import { bigintsAsTexts, readOnly } from '../lazy-object.js';
import type { SerdeContext } from '../serde.js';
import { AvroReader } from './avro-reader.js';
import { type AvroSchemas, AvroSerde, readAsWritten } from './avro-serde.js';
import type { KnownSchema } from './known-schemas.js';
import { projected } from './projection.js';

/** What `unwrap`, `distinct` and `ofTable` take of a change. */
const USED = {
  after: 'whole',
  op: 'whole',
  source: ['ts_ms', 'db', 'sequence', 'schema', 'table', 'txId', 'lsn'],
} as const;

const OPERATIONS: ReadonlySet<unknown> = new Set(['c', 'u', 'd', 'r', 't']);

/**
 * The serde of changes.
 *
 * @typeParam Row the row, with the types of `docs/types.md`
 */
export function avroChanges<Row>(schemas: AvroSchemas): AvroSerde<Change<Row>> {
  const readers = new WeakMap<KnownSchema, EnvelopeReader | 'no envelope'>();

  function read(schema: KnownSchema, bytes: Buffer, start: number, context: SerdeContext): unknown {
    let reader = readers.get(schema);
    if (reader === undefined) {
      reader = envelopeReader(schema) ?? 'no envelope';
      readers.set(schema, reader);
    }
    if (reader === 'no envelope') return deepFreeze(readAsWritten(schema, bytes, start, context));
    context.schema = schema.connect;
    return reader.read(bytes, start);
  }

  return new AvroSerde(schemas, 'value', read);
}

function envelopeReader({ node, connect, reader }: KnownSchema): EnvelopeReader | undefined {
  if (node.kind !== 'record' || connect === undefined || !isEnvelopeSchema(connect)) return undefined;
  const projection = projected(node, USED);
  const source = node.fields.find(({ name }) => name === 'source')?.type;
  if (projection === undefined || source?.kind !== 'record') return undefined;
  return new EnvelopeReader(
    new AvroReader(node, projection),
    reader,
    node.fields.map(({ name }) => name),
    source.fields.map(({ name }) => name),
  );
}

type Members = Readonly<Record<string, unknown>>;

/** Reads the envelopes of one schema. */
class EnvelopeReader {
  readonly #used: AvroReader;
  readonly #whole: AvroReader;
  readonly #names: readonly string[];
  readonly #sourceNames: readonly string[];

  constructor(used: AvroReader, whole: AvroReader, names: readonly string[], sourceNames: readonly string[]) {
    this.#used = used;
    this.#whole = whole;
    this.#names = names;
    this.#sourceNames = sourceNames;
  }

  read(bytes: Buffer, start: number): object {
    const used = this.#used.read(bytes, start) as { after: unknown; op: unknown; source: Members };
    if (!OPERATIONS.has(used.op)) {
      throw new Error(
        `the change is no envelope of Debezium: its 'op' is ${JSON.stringify(used.op)}, none of c, u, d, r, t`,
      );
    }
    deepFreeze(used.after);
    const whole = new Whole(this.#whole, bytes, start);
    const source = PartlyRead.of(this.#sourceNames, used.source, whole, 'source');
    return PartlyRead.of(this.#names, { after: used.after, op: used.op, source }, whole, undefined);
  }
}

/** The whole change, read when something of it is asked for that was not read. */
class Whole {
  readonly #reader: AvroReader;
  readonly #bytes: Buffer;
  readonly #start: number;
  #value: Members | undefined;

  constructor(reader: AvroReader, bytes: Buffer, start: number) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#start = start;
  }

  get value(): Members {
    this.#value ??= deepFreeze(this.#reader.read(this.#bytes, this.#start)) as Members;
    return this.#value;
  }
}

/** An object some of whose members are read; the others are read all at once. */
class PartlyRead {
  readonly #names: readonly string[];
  readonly #read: Members;
  readonly #whole: Whole;
  /** The member of the whole that this is; undefined: the whole itself. */
  readonly #place: string | undefined;

  private constructor(names: readonly string[], read: Members, whole: Whole, place: string | undefined) {
    this.#names = names;
    this.#read = read;
    this.#whole = whole;
    this.#place = place;
  }

  static of(names: readonly string[], read: Members, whole: Whole, place: string | undefined): object {
    return new Proxy(new PartlyRead(names, read, whole, place), PartlyRead.#handler);
  }

  #has(name: string | symbol): name is string {
    return typeof name === 'string' && this.#names.includes(name);
  }

  #get(name: string): unknown {
    const read = this.#read[name];
    if (read !== undefined) return read;
    const { value } = this.#whole;
    return (this.#place === undefined ? value : (value[this.#place] as Members))[name];
  }

  // Both of the following are called on the proxy, so that spreading gives its members.

  toJSON(): unknown {
    return writesExactly() ? { ...this } : bigintsAsTexts({ ...this });
  }

  [inspect.custom](): unknown {
    return { ...this };
  }

  static readonly #handler: ProxyHandler<PartlyRead> = {
    get(target, name) {
      return target.#has(name) ? target.#get(name) : Reflect.get(target, name);
    },
    has: (target, name) => target.#has(name) || Reflect.has(target, name),
    ownKeys: (target) => [...target.#names],
    getOwnPropertyDescriptor(target, name) {
      if (!target.#has(name)) return undefined;
      // The language lets a proxy call a property constant only when its target has it; the traps below refuse changes.
      return { value: target.#get(name), enumerable: true, configurable: true, writable: false };
    },
    set: (_target, name) => readOnly(name),
    defineProperty: (_target, name) => readOnly(name),
    deleteProperty: (_target, name) => readOnly(name),
    setPrototypeOf: () => readOnly('prototype'),
    // Nothing can be added anyway, and a frozen target would have to have all the properties.
    preventExtensions: () => readOnly('extensibility'),
  };
}
