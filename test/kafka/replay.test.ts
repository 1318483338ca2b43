/** A replay on a real Kafka, killed on its way, beside the live application. `scripts/replay-proof.ts` does it with a million. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import { proveReplay, shareReplay } from './replay-proof.js';

const missing = await whyNoKafka();
const EVENTS = 8_000;
const KILLS = 2;

describe.skipIf(missing !== undefined)(
  `replay on Kafka${missing === undefined ? '' : `: not tested, ${missing}`}`,
  () => {
    let kafka: TestKafka;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'millrace-replay-'));
      kafka = await startTestKafka();
    });
    afterAll(async () => {
      await kafka?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('with a second model, killed on its way: exactly what the topology gives, and the live application untouched', {
      timeout: 300_000,
    }, async () => {
      const said: string[] = [];
      const size = { events: EVENTS, kills: KILLS, rate: 2_500 };
      const result = await proveReplay(kafka.bootstrapServers, folder, size, (line) => said.push(line));
      const expected = (EVENTS * 3) / 4 - (EVENTS * 3) / 4 / 50;
      expect(result, said.join('\n')).toMatchObject({
        killed: KILLS,
        replayed: expected,
        expected,
        wrongOutputs: 0,
        wrongPrices: 0,
        wrongLive: 0,
        wrongLiveOffsets: 0,
        wrongReport: [],
      });
    });

    test('by two processes, from the live state: every car is asked anew, and the outputs are the same', async () => {
      const asked = (EVENTS * 3) / 4 - (EVENTS * 3) / 4 / 50;
      const { modelCalls, ...shared } = await shareReplay(kafka.bootstrapServers, folder, EVENTS);
      expect(shared).toEqual({ code: 0, wrongOutputs: 0, finished: (EVENTS * 3) / 4, modelCallsSaved: 0 });
      // More where the second process joins while a commit is under way: what is set back is asked again.
      expect(modelCalls).toBeGreaterThanOrEqual(asked);
    });
  },
);
