/**
 * Avro's schemas in Connect's vocabulary, so that the schema of a row travels with it whatever it was read from.
 *
 * Source: Confluent's `AvroData.toConnectSchema`. A union of more than null and one type has no place in Connect's
 * vocabulary; such a value travels without a schema.
 */
import type { ConnectSchema } from '../../record.js';
import { DECIMAL, DECIMAL_PRECISION, VARIABLE_SCALE_DECIMAL } from '../connect-schema.js';
import { type AvroNode, type AvroRecord, nonNullBranch } from './avro-schema.js';
import { connectDefault } from './connect-default.js';
import {
  CONNECT_DEFAULT,
  CONNECT_DOC,
  CONNECT_NAME,
  CONNECT_PARAMETERS,
  CONNECT_TYPE,
  CONNECT_VERSION,
  LOGICAL_TIMES,
  NAMELESS_STRUCT,
  UNSAID_PRECISION,
} from './connect-properties.js';
import { mapEntry } from './map-entry.js';

/** Connect's schemas are trees; deeper ones contain themselves. */
const DEEPEST = 64;

/** The schema in Connect's vocabulary; undefined when it cannot be said there. */
export function connectSchemaOf(node: AvroNode): ConnectSchema | undefined {
  const schema = convert(node, false, undefined, undefined, 0);
  return schema && Object.freeze(schema);
}

type Mutable = { -readonly [Name in keyof ConnectSchema]: ConnectSchema[Name] };

function convert(
  node: AvroNode,
  optional: boolean,
  field: string | undefined,
  fieldDefault: unknown,
  depth: number,
): ConnectSchema | undefined {
  if (depth > DEEPEST) return undefined;
  if (node.kind === 'union') {
    const branch = nonNullBranch(node);
    return branch && convert(branch, true, field, fieldDefault, depth);
  }
  const schema = bare(node, depth);
  if (schema === undefined) return undefined;
  schema.optional = optional;
  const { attributes } = node;
  addNames(schema, node);
  const given = fieldDefault === undefined || fieldDefault === null ? attributes[CONNECT_DEFAULT] : fieldDefault;
  if (given !== undefined && given !== null) schema.default = connectDefault(node, given);
  if (field !== undefined) schema.field = field;
  return Object.freeze(schema);
}

function bare(node: Exclude<AvroNode, { kind: 'union' }>, depth: number): Mutable | undefined {
  switch (node.kind) {
    case 'null':
      return undefined;
    case 'int': {
      const narrow = node.attributes[CONNECT_TYPE];
      return { type: narrow === 'int8' || narrow === 'int16' ? narrow : 'int32' };
    }
    case 'long':
      return { type: 'int64' };
    case 'enum':
      return { type: 'string' };
    case 'fixed':
      return { type: 'bytes' };
    case 'map': {
      const values = convert(node.values, false, undefined, undefined, depth + 1);
      return values && { type: 'map', keys: STRING, values };
    }
    case 'array': {
      const entry = mapEntry(node.items);
      if (entry !== undefined) {
        const keys = convert(entry.key, false, undefined, undefined, depth + 1);
        const values = convert(entry.value, false, undefined, undefined, depth + 1);
        return keys && values && { type: 'map', keys, values };
      }
      const items = convert(node.items, false, undefined, undefined, depth + 1);
      return items && { type: 'array', items };
    }
    case 'record': {
      const fields: ConnectSchema[] = [];
      for (const { name, type, default: fallback } of node.fields) {
        const schema = convert(type, false, name, fallback, depth + 1);
        if (schema === undefined) return undefined;
        fields.push(schema);
      }
      return { type: 'struct', fields: Object.freeze(fields) };
    }
    default:
      return { type: node.kind };
  }
}

const STRING: ConnectSchema = Object.freeze({ type: 'string', optional: false });

/** Whether it is Debezium's struct for a decimal with a scale of its own, which is one value to a user. */
export function isVariableScaleDecimal(node: AvroRecord): boolean {
  return node.attributes[CONNECT_NAME] === VARIABLE_SCALE_DECIMAL || node.name === VARIABLE_SCALE_DECIMAL;
}

/** The digits after the point of a decimal; undefined for other schemas. */
export function scaleOfDecimal(node: AvroNode): number | undefined {
  if (node.kind !== 'bytes' && node.kind !== 'fixed') return undefined;
  const { attributes } = node;
  if (attributes.logicalType !== 'decimal' && attributes[CONNECT_NAME] !== DECIMAL) return undefined;
  const { scale = 0 } = attributes;
  return typeof scale === 'number' && Number.isInteger(scale) ? scale : undefined;
}

function addNames(schema: Mutable, node: Exclude<AvroNode, { kind: 'union' }>): void {
  const { attributes } = node;
  const name = attributes[CONNECT_NAME];
  const version = attributes[CONNECT_VERSION];
  const doc = attributes[CONNECT_DOC] ?? ('doc' in node ? node.doc : undefined);
  if (typeof name === 'string') schema.name = name;
  else if (node.kind === 'record' && !node.name.startsWith(NAMELESS_STRUCT)) schema.name = node.name;
  if (typeof version === 'number') schema.version = version;
  if (typeof doc === 'string') schema.doc = doc;
  const parameters: Record<string, string> = {
    ...(attributes[CONNECT_PARAMETERS] as Record<string, string> | undefined),
  };
  addLogicalType(schema, node, parameters);
  if (Object.keys(parameters).length > 0) schema.parameters = Object.freeze(parameters);
}

function addLogicalType(schema: Mutable, node: AvroNode, parameters: Record<string, string>): void {
  const scale = scaleOfDecimal(node);
  if (scale !== undefined && 'attributes' in node) {
    const { precision } = node.attributes;
    schema.name = DECIMAL;
    schema.version ??= 1;
    parameters.scale = String(scale);
    if (typeof precision === 'number' && precision !== UNSAID_PRECISION)
      parameters[DECIMAL_PRECISION] ??= String(precision);
    return;
  }
  if (schema.name !== undefined || !('attributes' in node)) return;
  const time = LOGICAL_TIMES.find(
    ({ logicalType, on }) => node.attributes.logicalType === logicalType && node.kind === on,
  );
  if (time === undefined) return;
  schema.name = time.connect;
  schema.version ??= 1;
}
