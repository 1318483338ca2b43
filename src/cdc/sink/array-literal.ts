/**
 * PostgreSQL's text form of an array, element by element.
 *
 * Source: PostgreSQL 18, "Array Input and Output Syntax".
 */

const SPECIAL = /["\\]/g;

/** An element that may hold anything. */
export function quotedElement(text: string): string {
  return text.includes('"') || text.includes('\\') ? `"${text.replace(SPECIAL, '\\$&')}"` : `"${text}"`;
}

/** `elements` are texts that need no quotes, or have them; null is SQL's null. */
export function arrayLiteral(elements: readonly (string | null)[]): string {
  let literal = '{';
  for (let at = 0; at < elements.length; at++) {
    if (at > 0) literal += ',';
    literal += elements[at] ?? 'NULL';
  }
  return `${literal}}`;
}
