/**
 * How the processes under fire are run: the shipped topology with the model in process, made slow by a few milliseconds so
 * that questions are on their way whenever a process dies.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { FordFeatures } from '../../models/ford/index.js';
import { defineConfig, type Model, onnx } from '../../src/index.js';

const LONGEST_ANSWER_MS = 20;
const inProcess = onnx<FordFeatures, number>(new URL('../../models/ford/ford_price.onnx', import.meta.url));

const unhurried: Model<FordFeatures, number> = {
  get identity() {
    return inProcess.identity;
  },
  open: () => inProcess.open(),
  async predict(rows, signal) {
    await wait(Math.random() * LONGEST_ANSWER_MS);
    return inProcess.predict(rows, signal);
  },
  close: () => inProcess.close(),
};

// Nothing is skipped or dead-lettered: a record that fails ends the process, which is a difference.
export default defineConfig({
  'application.id': 'car-prices',
  encoding: 'json',
  models: { 'ford-price': unhurried },
});
