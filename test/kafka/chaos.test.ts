/** Under fire on a real Kafka, in short. `npm run chaos` does it with 30 kills, more zombies and restarts of the broker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestKafka, type TestKafka, whyNoKafka } from '../brokers/kafka/real-kafka.js';
import type { Counts } from '../chaos/acts.js';
import { type ChaosOptions, chaos } from '../chaos/chaos.js';

const missing = await whyNoKafka();

describe.skipIf(missing !== undefined)(`under fire${missing === undefined ? '' : `: not tested, ${missing}`}`, () => {
  let kafka: TestKafka;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'));
    kafka = await startTestKafka();
  });
  afterAll(async () => {
    await kafka?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const runs: readonly (readonly [ChaosOptions['guarantee'], string, Counts])[] = [
    ['exactly_once_v2', 'every change comes out once', { kills: 4, zombies: 1, replaced: 0, brokerRestarts: 0 }],
    ['at_least_once', 'none is lost', { kills: 2, zombies: 0, replaced: 0, brokerRestarts: 0 }],
  ];
  test.each(runs)('with %s %s, and what is remembered is right', { timeout: 300_000 }, async (guarantee, _, counts) => {
    const said: string[] = [];
    const options = { guarantee, seed: 5, counts, rate: 500, leastRecords: 2_000, minutes: 3, longestGapMs: 1_500 };
    const report = await chaos(kafka, folder, options, (line) => said.push(line));
    expect(report.wrong, said.join('\n')).toEqual([]);
    expect(report.did).toMatchObject({ kill: counts.kills, zombie: counts.zombies });
    expect(report.changes).toBeGreaterThan(1_500);
  });
});
