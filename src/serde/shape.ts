/**
 * Shapes: what the records of a topic look like, whatever their encoding. Declared once, they open nothing; an encoding
 * makes a serde of them.
 */
import type { Encoding, RecordPart } from './encoding.js';
import type { Serde } from './serde.js';

/** Carries the type of a shape's values, for the compiler only. */
export declare const VALUE: unique symbol;

/** What keys or values are, apart from their encoding. */
export interface DeclaredShape<out T> {
  /** For the compiler only. */
  readonly [VALUE]?: T;
  /** Whether null, a delete, is one of the values. */
  readonly nulls: 'accepted' | 'refused';
  /** The serde of this shape for one topic. */
  serdeFor(topic: string, part: RecordPart, encoding: Encoding): Serde<T>;
}

/** A declared shape, or a serde that fixes the encoding too. */
export type Shape<T> = DeclaredShape<T> | Serde<T>;

/**
 * The same shape, or null: for topics with deletes, and for keys that may be absent.
 *
 * @example
 * topic('visits', { key: nullable(string()), value: json<Visit>() })
 */
export function nullable<T>(shape: Shape<T>): DeclaredShape<T | null> {
  return Object.freeze({
    nulls: 'accepted' as const,
    serdeFor: (topic: string, part: RecordPart, encoding: Encoding) =>
      isDeclared(shape) ? shape.serdeFor(topic, part, encoding) : shape,
  }) as DeclaredShape<T | null>;
}

/**
 * The serde of a shape. Where a declared shape does not accept null, reading and writing null are errors; a serde given
 * in place of a shape is taken as it is.
 */
export function serdeOf<T>(shape: Shape<T>, topic: string, part: RecordPart, encoding: Encoding): Serde<T> {
  if (!isDeclared(shape)) return shape;
  const serde = shape.serdeFor(topic, part, encoding);
  return shape.nulls === 'accepted' ? serde : withoutNulls(serde, topic, part);
}

function isDeclared<T>(shape: Shape<T>): shape is DeclaredShape<T> {
  return 'serdeFor' in shape;
}

/** The preparing methods of a serde, for one that wraps it. */
export function preparationOf<T>(serde: Serde<T>): Pick<Serde<T>, 'prepare' | 'prepareToWrite'> {
  return {
    ...(serde.prepare === undefined ? {} : { prepare: serde.prepare.bind(serde) }),
    ...(serde.prepareToWrite === undefined ? {} : { prepareToWrite: serde.prepareToWrite.bind(serde) }),
  };
}

function withoutNulls<T>(serde: Serde<T>, topic: string, part: RecordPart): Serde<T> {
  const refuse = (): never => {
    throw new Error(
      `a record of the topic '${topic}' has a null ${part}, and the topic does not declare it: ` +
        `${part}: nullable(…) does`,
    );
  };
  return Object.freeze({
    encoding: serde.encoding,
    serialize: (value, context) => serde.serialize(value ?? refuse(), context),
    deserialize: (bytes, context) => serde.deserialize(bytes, context) ?? refuse(),
    ...preparationOf(serde),
  } satisfies Serde<T>);
}
