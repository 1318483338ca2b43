/** Jars and archives from Maven Central, fetched once per set of versions. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { whileNobodyDownloads } from './download-lock.js';
import { deployFolder, inDownloads, inStack } from './folders.js';
import { tail } from './launch.js';
import { type Download, StackError } from './part.js';
import { findMaven } from './prerequisites.js';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const TELL_EVERY_MS = 5_000;
const UNITS: Readonly<Record<string, number>> = { B: 1e-6, kB: 1e-3, MB: 1 };

/**
 * The folder with the jars of a pom at these versions; downloads them when they are not there yet.
 *
 * @param pom the file, as `pom.xml`, in `deploy/stack`
 * @param properties the pom's properties, such as `{ 'kafka.version': '4.3.1' }`
 * @param goals of Maven, that fill the folder
 */
export async function jars(
  name: string,
  pom: string,
  properties: Readonly<Record<string, string>>,
  download: Download,
  goals: readonly string[] = ['dependency:copy-dependencies'],
): Promise<string> {
  const file = join(deployFolder, 'stack', pom);
  const pomText = await readFile(file, 'utf8');
  return fetchOnce(name, pomText + JSON.stringify(properties), download, (folder) => {
    const definitions = Object.entries({ ...properties, directory: folder }).map(([key, value]) => `-D${key}=${value}`);
    return [['--file', file, ...goals, ...definitions]];
  });
}

/**
 * The folder with these archives, unpacked; downloads them when they are not there yet.
 *
 * @param coordinates as Maven writes them, `group:artifact:version:tar.gz:classifier`
 */
export function archives(name: string, coordinates: readonly string[], download: Download): Promise<string> {
  return fetchOnce(name, coordinates.join('\n'), download, (folder) =>
    coordinates.map((archive) => [`${PLUGIN}:unpack`, `-Dartifact=${archive}`, `-DoutputDirectory=${folder}`]),
  );
}

/**
 * Everything is written beside its place and moved into it in one step, so one that is broken off leaves no half-filled
 * folder.
 *
 * @param contents what the folder is to hold: another text is another folder
 * @param calls the arguments of each call of Maven that fills a folder
 */
async function fetchOnce(
  name: string,
  contents: string,
  download: Download,
  calls: (folder: string) => readonly (readonly string[])[],
): Promise<string> {
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const folder = inDownloads('jars', `${name}-${digest}`);
  if (existsSync(folder)) return folder;
  const maven = await findMaven();
  await whileNobodyDownloads(async () => {
    if (existsSync(folder)) return; // another start was faster
    const partial = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
    try {
      for (const call of calls(partial)) await runMaven(maven, call, name, download);
      await rename(partial, folder);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  }, download);
  return folder;
}

/** Runs Maven with its output in a log of its own, and says how far it is. */
async function runMaven(
  maven: string,
  args: readonly string[],
  name: string,
  { say, signal }: Download,
): Promise<void> {
  const log = inStack('logs', `download-${name}.log`);
  await mkdir(dirname(log), { recursive: true });
  const output = createWriteStream(log, { flags: 'a' });
  // In a folder of its own, or Maven would take a pom.xml that happens to lie in the working directory.
  const child = spawn(maven, ['--batch-mode', ...args], {
    cwd: dirname(log),
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  child.stderr.pipe(output, { end: false });
  let files = 0;
  let megabytes = 0;
  const tell = () => {
    // Nothing comes over the network when Maven has it from an earlier time.
    if (files > 0) say(`downloading ${name}: ${files} files, ${megabytes.toFixed(0)} MB …`);
  };
  say(`downloading ${name} (once) …`);
  const timer = setInterval(tell, TELL_EVERY_MS);
  createInterface(child.stdout).on('line', (line) => {
    output.write(`${line}\n`);
    const [, size, unit] = /Downloaded from .* \(([\d.]+) (B|kB|MB) at /.exec(line) ?? [];
    if (size === undefined || unit === undefined) return;
    files += 1;
    megabytes += Number(size) * UNITS[unit]!;
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
    throw new StackError(`Maven could not fetch ${name}. The end of ${log}:\n${tail(log, 20)}`);
  } finally {
    clearInterval(timer);
    output.end();
  }
}
