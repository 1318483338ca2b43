/**
 * Puts dead letters back into the topology that they came from.
 *
 * What must hold:
 *  1. A dead letter is put back once, however often this is killed and begun again: what lies in the redrive topics has
 *     been put back (R1 of `src/runtime/redrive.ts`). They are read only after whoever did this before has been fenced, and
 *     what it left open is settled; and they are written in transactions.
 *  2. One whose key has moved on is marked, counted and not processed (R2). Which these are is looked up when the
 *     redrive begins; a change that comes between that and the record is seen by `distinct`, where the topology has it.
 *  3. Of one key, dead letters come back in the order in which they failed.
 */
import type { Broker, Producer } from '../brokers/port.js';
import { type Clock, delay, systemClock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import { readRange } from '../reading/bounded-read.js';
import { redriveHeaders, redriveSpec, redriveTopic } from '../runtime/redrive.js';
import { type DeadLetter, deadLetterOf } from './dead-letter-record.js';
import { LaterChanges } from './later-changes.js';
import { placeOf, type RedrivenLetters, redrivenLetters } from './redriven-letters.js';

/** Which dead letters are redriven, and how. */
export interface RedriveOptions {
  /** `application.id` of the topology that they came from. */
  readonly applicationId: string;
  /** Only those whose reason has this id, or whose exception or message contains the text. */
  readonly reason?: string;
  /** Only those at these places of the dead-letter topic: `partition@offset`. */
  readonly places?: readonly string[];
  /** Records a second, at most. Default: as fast as it goes. */
  readonly rate?: number;
  /** What becomes of one whose key has moved on: `leave` (default) marks it, `write` puts it back all the same. */
  readonly superseded?: 'leave' | 'write';
  /** Says what would happen and writes nothing. */
  readonly dryRun?: boolean;
  /** Copies of a redrive topic that has to be made. Default: the broker's. */
  readonly replicationFactor?: number;
  /** Told after each transaction. */
  readonly onProgress?: (progress: RedriveProgress) => void;
  readonly clock?: Clock;
}

/** How far a redrive is. */
export interface RedriveProgress {
  /** Dead letters that this redrive takes. */
  readonly total: number;
  /** Of `total`: written to a redrive topic, or in a dry run to be written. */
  readonly redriven: number;
  /** Of `total`: their keys have moved on. */
  readonly superseded: number;
}

/** What a redrive did. */
export interface RedriveResult extends RedriveProgress {
  /** Dead letters of the choice that an earlier redrive has dealt with. */
  readonly before: number;
  /** Dead letters of the choice that did not come from a topology: they name no source. */
  readonly foreign: number;
  /** Where the superseded ones lie, and the offset of the change that came behind each. */
  readonly supersededAt: readonly { readonly place: string; readonly by: number }[];
}

const CALL_TIMEOUT_MS = 30_000;
/** Records of one transaction, at most. */
const BATCH = 500;

/**
 * Redrives dead letters: they enter the topology again as the records that they were, at their original positions.
 * Killed at any moment, the same call goes on from where it was; each dead letter is redriven once.
 *
 * The application reads its redrive topics since it was started with `errors.dead.letter.queue.topic.name`; one that does
 * not run finds them at its next start. In memory: the dead letters that are not redriven, with their bytes.
 *
 * @throws ConfigurationError when the topic does not exist; BrokerError `fatal` when another redrive has begun meanwhile
 * @example
 * await redriveDeadLetters(broker, 'cars-dead', { applicationId: 'car-prices', reason: 'TypeError', rate: 100 });
 */
export async function redriveDeadLetters(
  broker: Broker,
  topic: string,
  options: RedriveOptions,
): Promise<RedriveResult> {
  const { applicationId, dryRun = false } = options;
  if (options.rate !== undefined && !(options.rate > 0)) {
    throw new ConfigurationError(`rate: ${options.rate} is no number of records a second above 0`, 'rate');
  }
  if (dryRun) return redriveWith(undefined, broker, topic, options);
  const producer = await broker.producer({ transactionalId: `${applicationId}-${topic}-redrive` });
  try {
    await producer.initTransactions(CALL_TIMEOUT_MS);
    return await redriveWith(producer, broker, topic, options);
  } finally {
    await producer.close();
  }
}

/** @param producer undefined in a dry run */
async function redriveWith(
  producer: Producer | undefined,
  broker: Broker,
  topic: string,
  options: RedriveOptions,
): Promise<RedriveResult> {
  const { applicationId, clock = systemClock, rate } = options;
  const letters = await readAll(broker, topic);
  const sources = new Set(letters.flatMap(({ source }) => (source === undefined ? [] : [source.topic])));
  const done: RedrivenLetters = await redrivenLetters(broker, applicationId, sources, topic);
  const waiting = letters.filter(({ record }) => !done.has(placeOf(record)));
  const chosen = letters.filter((letter) => isChosen(letter, options));
  const mine = waiting.filter((letter) => letter.source !== undefined && isChosen(letter, options));
  const later = options.superseded === 'write' ? undefined : await LaterChanges.read(broker, waiting);
  if (producer !== undefined) {
    await makeRedriveTopics(broker, applicationId, mine, options.replicationFactor);
  }

  const supersededAt: { readonly place: string; readonly by: number }[] = [];
  let redriven = 0;
  const progress = (): RedriveProgress => ({ total: mine.length, redriven, superseded: supersededAt.length });
  // Some ten transactions a second: a rate is kept smooth, and who is killed has little to do again.
  const perBatch = rate === undefined ? BATCH : Math.min(BATCH, Math.ceil(rate / 10));
  const startedAt = clock.now();
  for (let at = 0; at < mine.length; at += perBatch) {
    const batch = mine.slice(at, at + perBatch);
    if (rate !== undefined) await delay(clock, Math.max(0, startedAt + (at / rate) * 1_000 - clock.now()));
    producer?.beginTransaction();
    for (const letter of batch) {
      const by = later?.behind(letter);
      if (by === undefined) redriven += 1;
      else supersededAt.push({ place: placeOf(letter.record), by });
      if (producer !== undefined) write(producer, applicationId, letter, by);
    }
    await producer?.commitTransaction(CALL_TIMEOUT_MS);
    options.onProgress?.(progress());
  }
  return {
    ...progress(),
    before: chosen.filter(({ record }) => done.has(placeOf(record))).length,
    foreign: chosen.filter(({ source }) => source === undefined).length,
    supersededAt,
  };
}

async function readAll(broker: Broker, topic: string): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const records of readRange(broker, topic)) letters.push(...records.map(deadLetterOf));
  return letters;
}

function isChosen({ record, reason, message }: DeadLetter, { reason: wanted, places }: RedriveOptions): boolean {
  if (places !== undefined && !places.includes(placeOf(record))) return false;
  return wanted === undefined || reason.id === wanted || `${reason.exception}: ${message}`.includes(wanted);
}

async function makeRedriveTopics(
  broker: Broker,
  applicationId: string,
  letters: readonly DeadLetter[],
  replicationFactor: number | undefined,
): Promise<void> {
  const admin = await broker.admin();
  try {
    for (const source of new Set(letters.map((letter) => letter.source!.topic))) {
      const partitions = await admin.partitionCount(source);
      if (partitions === undefined) {
        throw new ConfigurationError(
          `the topic '${source}', where dead letters came from, does not exist any more: nothing was redriven`,
          source,
        );
      }
      const spec = redriveSpec(redriveTopic(applicationId, source), partitions);
      await admin.createTopics([replicationFactor === undefined ? spec : { ...spec, replicationFactor }]);
    }
  } finally {
    await admin.close();
  }
}

/** A superseded one is written too, as a mark: it is told from the others by its header. */
function write(producer: Producer, applicationId: string, letter: DeadLetter, supersededBy: number | undefined): void {
  const { record } = letter;
  const source = letter.source!;
  const deadLetter = { topic: record.topic, partition: record.partition, offset: record.offset };
  producer.produce({
    topic: redriveTopic(applicationId, source.topic),
    partition: source.partition,
    key: record.key,
    value: record.value,
    timestamp: record.timestamp,
    headers: [...letter.headers, ...redriveHeaders({ source, deadLetter, supersededBy })],
  });
}
