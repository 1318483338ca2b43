/** What differs between two schemas, line by line, as a person reads them. */
import type { AvroNode } from '../serde/avro/avro-schema.js';
import { avroSchemaJson } from '../serde/avro/write-avro-schema.js';

/** Lines with `-` are in the first only, with `+` in the second only; those around them begin with a space. */
export function schemaDiff(before: AvroNode, after: AvroNode): readonly string[] {
  const a = linesOf(before);
  const b = linesOf(after);
  const common = longestCommon(a, b);
  const diff: string[] = [];
  let i = 0;
  let j = 0;
  for (const line of [...common, undefined]) {
    while (i < a.length && a[i] !== line) diff.push(`- ${a[i++]}`);
    while (j < b.length && b[j] !== line) diff.push(`+ ${b[j++]}`);
    if (line === undefined) break;
    diff.push(`  ${line}`);
    i += 1;
    j += 1;
  }
  return diff;
}

function linesOf(node: AvroNode): readonly string[] {
  const text = JSON.stringify(
    avroSchemaJson(node),
    (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    2,
  );
  // A comma that a line gets because another follows it is no difference.
  return text.split('\n').map((line) => line.replace(/,$/, ''));
}

/** The longest list of lines that both have in this order. */
function longestCommon(a: readonly string[], b: readonly string[]): readonly string[] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const common: string[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      common.push(a[i]!);
      i += 1;
      j += 1;
    } else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i += 1;
    else j += 1;
  }
  return common;
}
