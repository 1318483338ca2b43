/**
 * `npm run codegen`: makes types for TypeScript of the contracts in `schemas/*.avsc`, into `schemas/generated`.
 * `npm run codegen -- --check` makes nothing, and fails when a file is not what its contract says.
 */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { toTypeScript } from '@ovotech/avro-ts';

const SCHEMAS = new URL('../schemas/', import.meta.url);
const BIOME = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));

function generated(contract: string, name: string): string {
  const types = toTypeScript(JSON.parse(contract) as Parameters<typeof toTypeScript>[0]).replace(/^\/\*.*\*\/\s*/, '');
  const source = `// Made of schemas/${name}.avsc by \`npm run codegen\`.\n\n${types}`;
  return execFileSync(BIOME, ['format', '--stdin-file-path=generated.ts'], { input: source, encoding: 'utf8' });
}

const check = process.argv.includes('--check');
let stale = 0;
for (const file of (await readdir(SCHEMAS)).filter((name) => name.endsWith('.avsc')).sort()) {
  const name = file.replace(/\.avsc$/, '');
  const made = generated(await readFile(new URL(file, SCHEMAS), 'utf8'), name);
  const target = new URL(`generated/${name.toLowerCase()}.ts`, SCHEMAS);
  const before = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (before === made) continue;
  const path = `schemas/generated/${name.toLowerCase()}.ts`;
  if (check) {
    stale += 1;
    console.error(`${path} is not what schemas/${file} says: run npm run codegen`);
  } else {
    await writeFile(target, made);
    console.log(`${path} made of schemas/${file}`);
  }
}
if (stale > 0) process.exitCode = 1;
