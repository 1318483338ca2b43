import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** What takes a minute each, and Java, Maven and Python: `npm run test:long`. */
export const LONG: readonly string[] = [
  'test/dead-letters/redrive-kafka.test.ts',
  'test/failures/**/*.test.ts',
  'test/kafka/chaos.test.ts',
  'test/kafka/replay.test.ts',
  'test/model/mlserver/**/*.test.ts',
  'test/replay/kafka.test.ts',
  'test/stack/**/*.test.ts',
];

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
    exclude: [...configDefaults.exclude, ...LONG],
    pool: 'forks',
    // Most tests wait for servers and clocks rather than for a processor.
    maxWorkers: 2,
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
