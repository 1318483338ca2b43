#!/usr/bin/env node
// Kafka clients keep a thread of libuv's pool busy for each waiting poll; the pool is sized before its first use.
process.env.UV_THREADPOOL_SIZE ??= '16';

// Topologies and configurations are TypeScript: tsx compiles them while they are loaded. In a checkout the command
// itself is TypeScript too.
const { register } = await import('tsx/esm/api');
register();

const { existsSync } = await import('node:fs');
const built = new URL('../dist/cli/main.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
const { main } = await import((existsSync(source) ? source : built).href);
await main(process.argv);
