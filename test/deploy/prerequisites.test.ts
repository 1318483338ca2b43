import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StackError } from '../../deploy/stack/part.js';
import { findJava, findPython } from '../../deploy/stack/prerequisites.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-java-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A program that prints a line. */
async function program(path: string, line: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho '${line}' >&2\n`);
  await chmod(file, 0o755);
  return file;
}

test('the Java of JAVA_HOME is taken where it is new enough', async () => {
  const java = await program('jdk/bin/java', 'openjdk version "98.0.1" 2073-01-01');
  vi.stubEnv('JAVA_HOME', join(folder, 'jdk'));
  expect(await findJava(98, 'Kafka')).toBe(java);
});

test('an older one is passed over; where there is no other, it is said which were found', async () => {
  const java = await program('jdk/bin/java', 'openjdk version "17.0.15" 2025-04-15');
  vi.stubEnv('JAVA_HOME', join(folder, 'jdk'));
  const refusal = findJava(99, 'The schema registry');
  await expect(refusal).rejects.toThrow(StackError);
  await expect(refusal).rejects.toThrow('The schema registry needs Java 99 or newer, and there is none: ');
  await expect(refusal).rejects.toThrow(`${java} is Java 17`);
});

test.each([
  ['Python 3.9.2', /is Python 3\.9\.2/],
  ['Python 3.110.0', /is Python 3\.110\.0/],
])('%s is not the Python that BentoML needs', async (line, message) => {
  vi.stubEnv('PYTHON', await program('python', line));
  await expect(findPython()).rejects.toThrow(message);
});

test('a Python that is not there is named', async () => {
  vi.stubEnv('PYTHON', join(folder, 'none'));
  await expect(findPython()).rejects.toThrow(/BentoML needs Python 3\.11, and there is no .*none/);
});
