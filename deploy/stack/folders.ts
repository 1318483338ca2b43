/** Where the stack keeps what it downloads, writes and remembers. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder `deploy/`, which holds the configuration that the runner and docker-compose share. */
export const deployFolder: string = fileURLToPath(new URL('..', import.meta.url));

/** `.stack/` at the root of the project, or the folder that the environment variable `MILLRACE_STACK` names. */
export function stackFolder(): string {
  const chosen = process.env.MILLRACE_STACK;
  return chosen ? resolve(chosen) : resolve(deployFolder, '..', '.stack');
}

/** A path inside {@link stackFolder}. */
export const inStack = (...parts: readonly string[]): string => join(stackFolder(), ...parts);
