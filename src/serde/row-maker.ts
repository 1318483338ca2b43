/**
 * Makes the rows of one layout.
 *
 * An object literal has its hidden class from the start, where setting one property after the other goes through one for
 * each, which takes several times as long. So the literal is compiled, as avsc compiles its types.
 */

/** Makes a row of the values of its columns, in their order. */
export type RowMaker = (values: readonly unknown[]) => Record<string, unknown>;

/** Names come from the wire: what goes to the compiler is a word, and `JSON.stringify` quotes it. */
const WORD = /^\w{1,128}$/;

/**
 * @param names of the columns
 * @example
 * rowMaker(['id', 'model'])([1, 'Fiesta']) // { id: 1, model: 'Fiesta' }
 */
export function rowMaker(names: readonly string[]): RowMaker {
  return compiled(names) ?? ((values) => Object.fromEntries(names.map((name, i) => [name, values[i]])));
}

function compiled(names: readonly string[]): RowMaker | undefined {
  // Of an object literal `__proto__` is the prototype.
  if (!names.every((name) => WORD.test(name) && name !== '__proto__')) return undefined;
  const members = names.map((name, i) => `${JSON.stringify(name)}:values[${i}]`);
  try {
    return new Function('values', `return {${members.join()}};`) as RowMaker;
  } catch {
    return undefined; // Node with --disallow-code-generation-from-strings
  }
}
