import { expect, test } from 'vitest';
import { loadNative } from '../../../src/brokers/kafka/native.js';
import 'node-rdkafka';

test('it was built for the node-rdkafka that is installed: without it all else would be tested the slow way', () => {
  expect(loadNative()).toEqual(expect.objectContaining({ fetch: expect.any(Function), produce: expect.any(Function) }));
});
