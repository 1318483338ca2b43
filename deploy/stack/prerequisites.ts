/** The programs that have to be installed already, and what to say when they are not. */
import { execFile } from 'node:child_process';
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

/**
 * The `java` to run: that of `JAVA_HOME`, or the one on the path.
 *
 * @throws StackError when there is none, or it is older than `atLeast`
 */
export async function findJava(atLeast: number): Promise<string> {
  const home = process.env.JAVA_HOME;
  const java = home ? `${home}/bin/java` : 'java';
  const advice =
    `Java ${atLeast} or newer is needed${home ? `, and JAVA_HOME=${home} has no bin/java` : ''}. ` +
    `Install a JDK (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) or set JAVA_HOME.`;
  const text = await output(java, ['-version'], advice);
  const version = /version "(\d+)/.exec(text)?.[1];
  if (version === undefined) throw new StackError(`'${java} -version' answered something unexpected: ${text.trim()}`);
  if (Number(version) < atLeast) throw new StackError(`${java} is Java ${version}. ${advice}`);
  return java;
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
