import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace\/kafka$/, replacement: path('./src/brokers/kafka/index.ts') },
      { find: /^millrace\/kafka-streams$/, replacement: path('./src/interop/kafka-streams/index.ts') },
      { find: /^millrace\/testing$/, replacement: path('./src/testing/index.ts') },
      { find: /^millrace$/, replacement: path('./src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
