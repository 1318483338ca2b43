/** Settings in files that docker-compose reads too (`env_file`): `NAME=value`, one a line, `#` before a comment. */
import { readFile } from 'node:fs/promises';

/** The variables of a file by name. */
export async function readEnvFile(file: string): Promise<Readonly<Record<string, string>>> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
