/** Where the stack keeps what it downloads, writes and remembers. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder `deploy/`, which holds the configuration that the runner and docker-compose share. */
export const deployFolder: string = fileURLToPath(new URL('..', import.meta.url));

/** The root of the project. */
export const projectFolder: string = resolve(deployFolder, '..');

/** `.stack/` at the root of the project, or the folder that the environment variable `MILLRACE_STACK` names. */
export function stackFolder(): string {
  const chosen = process.env.MILLRACE_STACK;
  return chosen ? resolve(chosen) : join(projectFolder, '.stack');
}

/** A path of what is downloaded once and shared by all stacks of this machine. */
export const inDownloads = (...parts: readonly string[]): string => join(stackFolder(), ...parts);

/**
 * A path of what belongs to one stack: its data, its logs, its process ids. Beside the downloads, or in the folder that
 * `MILLRACE_STACK_HOME` names: a second stack on other ports needs one of its own.
 */
export function inStack(...parts: readonly string[]): string {
  const home = process.env.MILLRACE_STACK_HOME;
  return join(home ? resolve(home) : stackFolder(), ...parts);
}
