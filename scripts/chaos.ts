/**
 * Proves that every change comes out exactly once (or, at least once, that none is lost) while processes are killed,
 * stopped and continued and the broker is killed: `npm run chaos`, `npm run chaos -- --help`. Starts a broker of its own
 * (Java 17 and Maven). Ends with 1 when anything is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { startTestKafka } from '../test/brokers/kafka/real-kafka.js';
import { type ChaosOptions, type ChaosReport, chaos } from '../test/chaos/chaos.js';

interface Flags {
  readonly guarantee: ChaosOptions['guarantee'];
  readonly kills: number;
  readonly zombies: number;
  readonly replaced: number;
  readonly brokerRestarts: number;
  readonly rate: number;
  readonly minutes: number;
  readonly seed: number;
}

function number(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a number, 0 or more.');
}

const flags = new Command('chaos')
  .description('Two processes of a group under fire on a real Kafka; then everything is counted.')
  .addOption(
    new Option('--guarantee <guarantee>', 'what is promised')
      .choices(['exactly_once_v2', 'at_least_once'])
      .default('exactly_once_v2'),
  )
  .option('--kills <n>', 'kill -9 of a process', number, 30)
  .option('--zombies <n>', 'processes stopped past their session timeout and continued', number, 4)
  .option('--replaced <n>', 'processes stopped, and continued when another has their name', number, 2)
  .option('--broker-restarts <n>', 'kill -9 of the broker', number, 2)
  .option('--rate <n>', 'records a second', number, 1_000)
  .option('--minutes <n>', 'longest time for all of it', number, 15)
  .option('--seed <n>', 'of the changes and of what is done when', number, 1)
  .parse()
  .opts<Flags>();

function print({ did, zombies, duplicatesBy, holes, wrong, ...counted }: ChaosReport): void {
  const { records, changes, outputs, duplicates, seconds } = counted;
  console.log(`
guarantee        ${flags.guarantee}, seed ${flags.seed}, ${seconds.toFixed(0)} s
done             ${did.kill} kills, ${did.zombie} zombies, ${did.replaced} replaced, ${did.broker} restarts of the broker
zombies          ${zombies.rejoined} rejoined, ${zombies.ended} ended
input            ${records} records, ${changes} changes among them that must come out
output           ${outputs} records, ${duplicates} of them again`);
  for (const [what, count] of Object.entries(duplicatesBy)) console.log(`                 ${count} after ${what}`);
  for (const [kind, { median, longest }] of Object.entries(holes)) {
    console.log(
      `without output   ${kind}: median ${(median / 1_000).toFixed(1)} s, longest ${(longest / 1_000).toFixed(1)} s`,
    );
  }
  for (const difference of wrong) console.log(`WRONG            ${difference}`);
  console.log(wrong.length === 0 ? 'everything is as it must be' : 'something is WRONG');
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'));
const kafka = await startTestKafka();
try {
  const { guarantee, seed, rate, minutes, ...counts } = flags;
  const report = await chaos(
    kafka,
    folder,
    { guarantee, seed, rate, leastRecords: 0, minutes, counts, longestGapMs: 5_000 },
    console.log,
  );
  print(report);
  process.exitCode = report.wrong.length === 0 ? 0 : 1;
} finally {
  await kafka.stop();
  await rm(folder, { recursive: true, force: true });
}
