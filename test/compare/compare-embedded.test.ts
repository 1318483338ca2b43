import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { compare } from '../../src/compare/index.js';
import { compareContract } from './compare.contract.js';

let broker: EmbeddedBroker;
beforeAll(async () => {
  broker = await openEmbeddedBroker();
});
afterAll(() => broker.close());

compareContract('embedded', () => broker);

test('a topic that is not there is named', async () => {
  await expect(compare({ broker, topic: 'nowhere' }, { broker, topic: 'nowhere' })).rejects.toThrow(
    /'nowhere' does not exist/,
  );
});
