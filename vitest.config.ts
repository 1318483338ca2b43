import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * `npm run test:long`: what talks to a real Kafka for long, to the whole stack or to a model server, and what kills processes again
 * and again. It wants Java, Maven and Python.
 */
export const LONG: readonly string[] = [
  'test/brokers/kafka/adapter.test.ts',
  'test/brokers/kafka/group-protocol.test.ts',
  'test/brokers/kafka/security.test.ts',
  'test/cdc/capture/real-kafka.test.ts',
  'test/compare/compare-kafka.test.ts',
  'test/contract/kafka-broker.test.ts',
  'test/dead-letters/redrive-kafka.test.ts',
  'test/e2e/kills.test.ts',
  'test/failures/**/*.test.ts',
  'test/kafka/**/*.test.ts',
  'test/model/bentoml/**/*.test.ts',
  'test/model/mlserver/**/*.test.ts',
  'test/registry/apicurio.test.ts',
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
