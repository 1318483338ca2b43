/** `npm run test:long`: the whole stack, fire and the longest conversations with a real Kafka, one after the other. */
import { defineConfig } from 'vitest/config';
import base, { LONG } from './vitest.config.js';

const { include: _quick, exclude: _long, maxWorkers: _two, ...test } = base.test!;

export default defineConfig({ ...base, test: { ...test, include: [...LONG], maxWorkers: 1 } });
