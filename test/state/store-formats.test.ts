import { afterAll } from 'vitest';
import { storeFormatsContract } from '../contract/store-formats.contract.js';
import { engineKinds } from './engine-kinds.js';

for (const [name, kind] of engineKinds) {
  const disposals: (() => Promise<void>)[] = [];
  storeFormatsContract(name, async () => {
    const { engines, dispose } = await kind.make();
    disposals.push(dispose);
    return engines;
  });
  afterAll(async () => {
    for (const dispose of disposals) await dispose();
  });
}
