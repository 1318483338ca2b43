/** Runs the command to its end. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceProcess, ROOT, temporaryFolder } from '../e2e/millrace-process.js';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errorOutput: string;
}

/** What it said and its exit code. */
export async function millrace(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const started = new MillraceProcess(args, { env });
  const { code } = await started.exit;
  return { code, output: started.output.join('\n'), errorOutput: started.errorOutput };
}

/** A folder for topologies and configurations, as `npm init` with `"type": "module"` makes it. */
export async function temporaryPackage(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** Writes a configuration that is the shipped one but for these lines. */
export async function writeConfig(folder: string, name: string, lines: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  const base = JSON.stringify(join(ROOT, 'millrace.config.ts'));
  await writeFile(file, `import base from ${base};\nexport default { ...base, ${lines} };\n`);
  return file;
}

/** All names in a folder; undefined where there is none. */
export async function contentsOf(folder: string): Promise<string[] | undefined> {
  return readdir(folder, { recursive: true }).catch(() => undefined);
}
