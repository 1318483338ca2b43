import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/brokers/embedded/index.js';
import { parseResetFile } from '../../src/reset/index.js';
import { resetContract } from './reset.contract.js';

let broker: EmbeddedBroker;
beforeAll(async () => {
  broker = await openEmbeddedBroker();
});
afterAll(() => broker.close());

resetContract('embedded', () => broker);

test("a file of offsets is in the format of Kafka's tools", () => {
  expect(parseResetFile('a,0,5\n"b.c",12,0\n\n', 'f')).toEqual({
    kind: 'file',
    offsets: [
      { topic: 'a', partition: 0, offset: 5 },
      { topic: 'b.c', partition: 12, offset: 0 },
    ],
  });
  expect(() => parseResetFile('a,0,5\na,x,5', 'f')).toThrow(/line 2 is 'a,x,5'/);
});
