/**
 * `npm run codegen`: makes types for TypeScript of the contracts in `schemas/*.avsc`, into `schemas/generated`.
 *
 *   --check             makes nothing, and fails when a file is not what its contract says, or has none
 *   --schemas <folder>  of other contracts (default: schemas)
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toTypeScript } from '@ovotech/avro-ts';

const {
  values: { check, schemas },
} = parseArgs({
  options: { check: { type: 'boolean', default: false }, schemas: { type: 'string', default: 'schemas' } },
});
const BIOME = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

function types(text: string, contract: string): string {
  const made = toTypeScript(JSON.parse(text) as Parameters<typeof toTypeScript>[0]).replace(/^\/\*.*\*\/\s*/, '');
  const source = `// Made of ${contract} by \`npm run codegen\`.\n\n${made}`;
  return execFileSync(BIOME, ['format', '--stdin-file-path=generated.ts'], { input: source, encoding: 'utf8' });
}

function fail(what: string): void {
  console.error(what);
  process.exitCode = 1;
}

const into = join(schemas, 'generated');
await mkdir(into, { recursive: true });
const made = new Set<string>();
for (const file of (await readdir(schemas)).filter((name) => name.endsWith('.avsc')).sort()) {
  const contract = join(schemas, file);
  const target = file.replace(/\.avsc$/, '.ts').toLowerCase();
  made.add(target);
  const path = join(into, target);
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const now = types(await readFile(contract, 'utf8'), contract);
  if (before === now) continue;
  if (check) {
    fail(`${path} is not what ${contract} says: run npm run codegen`);
  } else {
    await writeFile(path, now);
    console.log(`${path} made of ${contract}`);
  }
}
for (const left of (await readdir(into)).filter((name) => !made.has(name))) {
  fail(`${join(into, left)} is of no contract in ${schemas}: remove it`);
}
