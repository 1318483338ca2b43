/** Jars from Maven Central, fetched once per set of versions. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deployFolder, inStack } from './folders.js';
import { type Say, StackError } from './part.js';
import { findMaven } from './prerequisites.js';

const run = promisify(execFile);
const pom = join(deployFolder, 'stack', 'pom.xml');

/**
 * The folder with the jars of `deploy/stack/pom.xml` at these versions; downloads them when they are not there yet.
 *
 * They are copied beside their place and moved into it in one step, so two that start at once, or one that is broken
 * off, leave no half-filled folder.
 *
 * @param properties the pom's properties, such as `{ 'kafka.version': '4.3.1' }`
 */
export async function jars(name: string, properties: Readonly<Record<string, string>>, say: Say): Promise<string> {
  const pomText = await readFile(pom, 'utf8');
  const digest = createHash('sha256').update(pomText).update(JSON.stringify(properties)).digest('hex').slice(0, 12);
  const folder = inStack('jars', `${name}-${digest}`);
  if (existsSync(folder)) return folder;

  const maven = await findMaven();
  say(`downloading the jars of ${name} (about 100 MB, once) …`);
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  try {
    const definitions = Object.entries({ ...properties, directory: partial }).map(
      ([key, value]) => `-D${key}=${value}`,
    );
    const goal = 'dependency:copy-dependencies';
    await run(maven, ['--batch-mode', '--quiet', '--file', pom, goal, ...definitions], { maxBuffer: 16 * 1024 * 1024 });
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (existsSync(folder)) return folder; // another start was faster
    const { stdout = '', message } = error as Error & { stdout?: string };
    throw new StackError(`Maven could not fetch the jars of ${name}: ${message}\n${stdout}`, { cause: error });
  }
  return folder;
}
