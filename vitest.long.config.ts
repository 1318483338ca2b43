/**
 * `npm run test:long`: see LONG; one file after the other, for each of them runs several programs. A test has three minutes,
 * for a machine that is slow.
 */
import { defineConfig } from 'vitest/config';
import base, { LONG } from './vitest.config.js';

const { include: _quick, exclude: _long, maxWorkers: _two, ...test } = base.test!;

export default defineConfig({ ...base, test: { ...test, include: [...LONG], maxWorkers: 1, testTimeout: 180_000 } });
