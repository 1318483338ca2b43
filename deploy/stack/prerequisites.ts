/** The programs that have to be installed already, and what to say when they are not. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StackError } from './part.js';

const run = promisify(execFile);

async function output(program: string, args: readonly string[], advice: string): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, [...args]);
    return `${stdout}\n${stderr}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new StackError(advice);
    throw new StackError(`'${program} ${args.join(' ')}' failed: ${(error as Error).message}`, { cause: error });
  }
}

/** Where JDKs are kept that are not on the path: Debian and Fedora, macOS, SDKMAN. */
const JAVA_FOLDERS = [
  { folder: '/usr/lib/jvm', java: 'bin/java' },
  { folder: '/Library/Java/JavaVirtualMachines', java: 'Contents/Home/bin/java' },
  { folder: join(homedir(), '.sdkman', 'candidates', 'java'), java: 'bin/java' },
];

async function installedJavas(): Promise<readonly string[]> {
  const home = process.env.JAVA_HOME;
  const found = home ? [join(home, 'bin', 'java'), 'java'] : ['java'];
  for (const { folder, java } of JAVA_FOLDERS) {
    if (existsSync(folder)) found.push(...(await readdir(folder)).toSorted().map((jdk) => join(folder, jdk, java)));
  }
  return found.filter((java) => java === 'java' || existsSync(java));
}

/** Its feature version, such as 17; undefined when it is not there or answers something else. */
async function versionOf(java: string): Promise<number | undefined> {
  try {
    const { stderr, stdout } = await run(java, ['-version']);
    const version = /version "(\d+)/.exec(`${stderr}${stdout}`)?.[1];
    return version === undefined ? undefined : Number(version);
  } catch {
    // Not a program that runs: as good as not there.
    return undefined;
  }
}

/**
 * The `java` to run: that of `JAVA_HOME`, the one on the path, or one where systems keep their JDKs; the first that is
 * new enough.
 *
 * @param what needs it, for the message
 * @throws StackError when none is new enough; it says which were found
 */
export async function findJava(atLeast: number, what: string): Promise<string> {
  const tooOld: string[] = [];
  for (const java of await installedJavas()) {
    const version = await versionOf(java);
    if (version === undefined) continue;
    if (version >= atLeast) return java;
    tooOld.push(`${java} is Java ${version}`);
  }
  const home = process.env.JAVA_HOME;
  throw new StackError(
    `${what} needs Java ${atLeast} or newer, and there is none` +
      `${tooOld.length > 0 ? `: ${tooOld.join(', ')}` : ''}. ` +
      `Install a JDK (such as Temurin 25; macOS: brew install openjdk) or set JAVA_HOME${home ? `, which is ${home}` : ''}.`,
  );
}

/**
 * Makes sure that Maven is there.
 *
 * @throws StackError when it is not
 */
export async function findMaven(): Promise<string> {
  const advice =
    'Maven is needed for the first download of the jars. Install it (Debian, Ubuntu: apt-get install maven; macOS: brew install maven).';
  await output('mvn', ['--version'], advice);
  return 'mvn';
}

/**
 * Makes sure that Python 3.11 is there, or what the environment variable `PYTHON` names.
 *
 * @throws StackError when it is not
 */
export async function findPython(): Promise<void> {
  const python = process.env.PYTHON || 'python3.11';
  const advice =
    `BentoML needs Python 3.11, and there is no ${python}. ` +
    'Install it (Debian: apt-get install python3.11-venv; macOS: brew install python@3.11) or set PYTHON to its path.';
  const text = await output(python, ['--version'], advice);
  if (!text.includes('Python 3.11.')) throw new StackError(`${python} is ${text.trim()}. ${advice}`);
}
