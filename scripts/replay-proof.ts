/**
 * Proves a replay on a real Kafka: `tsx scripts/replay-proof.ts [events] [kills]`, default 1,000,000 and 5. Starts a broker of
 * its own (Java 17 and Maven). Ends with 1 when anything is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestKafka } from '../test/brokers/kafka/real-kafka.js';
import { proveReplay } from '../test/kafka/replay-proof.js';

const [events = 1_000_000, kills = 5] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'millrace-replay-proof-'));
const kafka = await startTestKafka();
try {
  const result = await proveReplay(kafka.bootstrapServers, folder, { events, kills, rate: undefined }, console.log);
  console.log(result);
  const { wrongOutputs, wrongPrices, wrongLive, wrongLiveOffsets, wrongReport } = result;
  const wrong =
    wrongOutputs + wrongPrices + wrongLive + wrongLiveOffsets + wrongReport.length + (result.killed === kills ? 0 : 1);
  console.log(wrong === 0 ? 'everything is as it must be' : 'something is WRONG');
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
}
