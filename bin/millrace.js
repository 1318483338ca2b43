#!/usr/bin/env node
import { keepYoungGenerationSmall } from './young-generation.js';

if (process.argv[2] === 'run') keepYoungGenerationSmall();

// Kafka clients keep a thread of libuv's pool busy for each waiting poll; the pool is sized before its first use.
process.env.UV_THREADPOOL_SIZE ??= '16';

const { existsSync } = await import('node:fs');
const { fileURLToPath } = await import('node:url');
const at = (path) => new URL(path, import.meta.url);

// The package has no tsconfig.json: what has one is a checkout, where the command itself is TypeScript, and where the
// paths in it say that 'millrace' is src/, wherever the command is started.
const checkout = existsSync(at('../tsconfig.json'));

// Topologies and configurations are TypeScript: tsx compiles them while they are loaded.
const { register } = await import('tsx/esm/api');
register(checkout ? { tsconfig: fileURLToPath(at('../tsconfig.json')) } : {});

const { main } = await import(at(checkout ? '../src/cli/main.ts' : '../dist/cli/main.js').href);
await main(process.argv);
