import { expect, test } from 'vitest';
import { memoryEngines } from '../../src/state/memory.js';
import { storeEngineContract } from '../contract/store-engine.contract.js';

storeEngineContract('memory', async () => memoryEngines());

test('keeps bytes, and not the block of a topic in which they lay', async () => {
  const engine = await memoryEngines().open('0_0/s');
  const block = Buffer.alloc(32 * 1_024, 'value');
  await engine.apply([{ key: block.subarray(0, 5), value: block.subarray(5, 10) }], 1);
  const value = engine.get(Buffer.from('value'))!;
  expect(value.toString()).toBe('value');
  expect(value.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
  const [[key]] = [...engine.entries()] as [[Buffer, Buffer]];
  expect(key.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
});
