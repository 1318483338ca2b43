/**
 * Debezium's changes in Avro, read as far as they are used: the row, the operation and where the change is in the log
 * are made when a change is decoded; the rest when it is asked for. What one change was asked for by name (`source.ts_us`,
 * `transaction`) is made with the others when the next one is decoded, so that only the first costs a second reading.
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
import type { AvroRecord } from './avro-schema.js';
import { type AvroSchemas, AvroSerde, readAsWritten } from './avro-serde.js';
import type { KnownSchema } from './known-schemas.js';
import { projected, type Selection } from './projection.js';

/** What `unwrap`, `distinct` and `ofTable` take of a change. */
const USED = {
  after: 'whole',
  op: 'whole',
  source: ['ts_ms', 'db', 'sequence', 'schema', 'table', 'txId', 'lsn'],
} as const satisfies Selection;

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
    node,
    reader,
    node.fields.map(({ name }) => name),
    source.fields.map(({ name }) => name),
  );
}

type Members = Readonly<Record<string, unknown>>;

/** A member of the change, or of its source. */
type Place = 'change' | 'source';

/** Reads the envelopes of one schema. */
class EnvelopeReader {
  readonly #node: AvroRecord;
  readonly #whole: AvroReader;
  readonly #names: readonly string[];
  readonly #sourceNames: readonly string[];
  #selection: { readonly [name: string]: 'whole' | readonly string[]; readonly source: readonly string[] } = USED;
  #used: AvroReader;
  /** Members of the change that are read besides those of {@link USED}. */
  #besides: readonly string[] = [];

  constructor(node: AvroRecord, whole: AvroReader, names: readonly string[], sourceNames: readonly string[]) {
    this.#node = node;
    this.#used = new AvroReader(node, projected(node, USED));
    this.#whole = whole;
    this.#names = names;
    this.#sourceNames = sourceNames;
  }

  read(bytes: Buffer, start: number): object {
    const used = this.#used.read(bytes, start) as { [name: string]: unknown; op: unknown; source: Members };
    if (!OPERATIONS.has(used.op)) {
      throw new Error(
        `the change is no envelope of Debezium: its 'op' is ${JSON.stringify(used.op)}, none of c, u, d, r, t`,
      );
    }
    deepFreeze(used.after);
    const whole = new Whole(this.#whole, bytes, start, this);
    const source = PartlyRead.of(this.#sourceNames, used.source, whole, 'source');
    const read: Record<string, unknown> = { after: used.after, op: used.op, source };
    for (const name of this.#besides) read[name] = deepFreeze(used[name]);
    return PartlyRead.of(this.#names, read, whole, 'change');
  }

  /**
   * Reads the member too from now on; but not `before`, which deletes alone are asked for, and which is as large as the
   * row.
   */
  widen(place: Place, name: string): void {
    const { source } = this.#selection;
    if (place === 'source') {
      if (source.includes(name)) return;
      this.#selection = { ...this.#selection, source: [...source, name] };
    } else {
      if (name === 'before' || Object.hasOwn(this.#selection, name)) return;
      this.#selection = { ...this.#selection, [name]: 'whole' };
      this.#besides = [...this.#besides, name];
    }
    this.#used = new AvroReader(this.#node, projected(this.#node, this.#selection));
  }
}

/** The whole change, read when something of it is asked for that was not read. */
class Whole {
  readonly #reader: AvroReader;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #next: EnvelopeReader;
  #value: Members | undefined;

  /** @param next reads the changes that follow */
  constructor(reader: AvroReader, bytes: Buffer, start: number, next: EnvelopeReader) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#start = start;
    this.#next = next;
  }

  missed(place: Place, name: string): void {
    this.#next.widen(place, name);
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
  readonly #place: Place;
  /** Whether all members were asked for: to copy or to print it says nothing of what the next one will be asked for. */
  #listed = false;

  private constructor(names: readonly string[], read: Members, whole: Whole, place: Place) {
    this.#names = names;
    this.#read = read;
    this.#whole = whole;
    this.#place = place;
  }

  static of(names: readonly string[], read: Members, whole: Whole, place: Place): object {
    return new Proxy(new PartlyRead(names, read, whole, place), PartlyRead.#handler);
  }

  #has(name: string | symbol): name is string {
    return typeof name === 'string' && this.#names.includes(name);
  }

  #get(name: string): unknown {
    const read = this.#read[name];
    if (read !== undefined) return read;
    if (!this.#listed) this.#whole.missed(this.#place, name);
    const { value } = this.#whole;
    return (this.#place === 'change' ? value : (value.source as Members))[name];
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
    ownKeys(target) {
      target.#listed = true;
      return [...target.#names];
    },
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
