/** The levels of compatibility: which schemas a new one is compared with, and which of the two reads. */
import type { AvroNode } from '../serde/avro/avro-schema.js';
import { type Incompatibility, incompatibilities } from './schema-compatibility.js';

export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;

export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];

export function isCompatibilityLevel(text: unknown): text is CompatibilityLevel {
  return (COMPATIBILITY_LEVELS as readonly unknown[]).includes(text);
}

/** A schema that a subject has. */
export interface EarlierSchema {
  readonly version: number;
  readonly node: AvroNode;
}

/** A rule that a new schema breaks. */
export interface BrokenRule {
  /** `BACKWARD`: the new schema does not read what was written; `FORWARD`: the earlier one will not read what is. */
  readonly rule: 'BACKWARD' | 'FORWARD';
  /** The earlier version. */
  readonly version: number;
  readonly why: readonly Incompatibility[];
}

/**
 * Compares a new schema with a subject's earlier ones.
 *
 * @param earlier oldest first
 */
export function brokenRules(
  level: CompatibilityLevel,
  schema: AvroNode,
  earlier: readonly EarlierSchema[],
): readonly BrokenRule[] {
  if (level === 'NONE') return [];
  const compared = level.endsWith('_TRANSITIVE') ? earlier.toReversed() : earlier.slice(-1);
  const broken: BrokenRule[] = [];
  for (const { version, node } of compared) {
    if (!level.startsWith('FORWARD')) add(broken, 'BACKWARD', version, schema, node);
    if (!level.startsWith('BACKWARD')) add(broken, 'FORWARD', version, node, schema);
  }
  return broken;
}

function add(
  broken: BrokenRule[],
  rule: BrokenRule['rule'],
  version: number,
  reader: AvroNode,
  writer: AvroNode,
): void {
  const why = incompatibilities(reader, writer);
  if (why.length > 0) broken.push({ rule, version, why });
}

/** A broken rule in words. */
export function brokenRuleText({ rule, version, why }: BrokenRule): string {
  const reasons = why.map(({ type, path, message }) => `${type}: ${message}${path && ` (at ${path})`}`);
  const reader = rule === 'BACKWARD' ? 'the new schema' : `version ${version}`;
  const writer = rule === 'BACKWARD' ? `version ${version}` : 'the new schema';
  return `${rule}: ${reader}, as the reader, cannot read what ${writer}, the writer, has written: ${reasons.join('; ')}`;
}
