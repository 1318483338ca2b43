/** Whether the account of the database may enter a folder: asked of the kernel, before anything is started or made. */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresAccount } from './account.js';

const run = promisify(execFile);

/** Prints the first of its arguments that cannot be entered. A trial knows of ACLs, which mode bits do not show. */
const TRY_EACH = 'for folder do cd -- "$folder" 2>/dev/null || { printf %s "$folder"; exit 0; }; done';

/**
 * The outermost folder on the way to `folder` (an absolute path that exists) that the account may not enter, or
 * undefined when it may enter them all.
 */
export async function firstClosedFolder(folder: string, account: PostgresAccount): Promise<string | undefined> {
  const chain: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    chain.unshift(at);
    if (at === dirname(at)) break;
  }
  const as = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  const { stdout } = await run('/bin/sh', ['-c', TRY_EACH, 'sh', ...chain], { ...as, cwd: '/' });
  return stdout === '' ? undefined : stdout;
}
