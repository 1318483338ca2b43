/**
 * `npm run test:long`: see LONG. A test has three minutes, for a machine that is slow, and its programs five to start, for
 * what they are made of may have to be downloaded first.
 */
import { defineConfig } from 'vitest/config';
import base, { LONG } from './vitest.config.js';

const { include: _quick, exclude: _long, ...test } = base.test!;

export default defineConfig({
  ...base,
  test: { ...test, include: [...LONG], testTimeout: 180_000, hookTimeout: 300_000 },
});
