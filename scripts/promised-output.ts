/**
 * What an example promises to print: in its first comment, indented lines after the line `prints`. In them, `…` stands
 * for anything, and a line that is only `…` for any lines.
 */

/** @returns the promised lines; none when the example promises nothing */
export function promisedOutput(source: string): readonly string[] {
  const comment = /^\/\*\*\n((?: \*.*\n)*?) \*\/$/m.exec(source)?.[1] ?? '';
  const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''));
  const start = lines.indexOf('prints');
  if (start < 0) return [];
  return lines
    .slice(start + 1)
    .filter((line) => line.startsWith('    '))
    .map((line) => line.slice(4));
}

/** @returns the first promised line that the output does not have in its place; undefined: it keeps the promise */
export function brokenPromise(promised: readonly string[], output: string): string | undefined {
  const printed = output.replace(/\n+$/, '').split('\n');
  let at = 0;
  let anywhere = false;
  for (const line of promised) {
    if (line.trim() === '…') {
      anywhere = true;
      continue;
    }
    while (anywhere && at < printed.length && !isLine(line, printed[at]!)) at += 1;
    if (at >= printed.length || !isLine(line, printed[at]!)) return line;
    at += 1;
    anywhere = false;
  }
  return anywhere || at === printed.length ? undefined : `(the end, before: ${printed[at]})`;
}

function isLine(promised: string, printed: string): boolean {
  const parts = promised.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(printed.trimEnd());
}
