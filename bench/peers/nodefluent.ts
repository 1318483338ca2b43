/** The job as one writes it with `kafka-streams` of nodefluent, on its native client: nodefluent.ts '<job>'. */
import { KafkaStreams } from 'kafka-streams';
import type { Job } from '../kafka/job.js';
import { rowsInJson } from './rows-in-json.js';

const job = JSON.parse(process.argv[2]!) as Job;
const isFramed = job.encoding === 'connect-json';
const write = rowsInJson(job.encoding);

const streams = new KafkaStreams({
  noptions: {
    'metadata.broker.list': job.bootstrapServers,
    'group.id': job.group,
    'enable.auto.commit': false,
    'fetch.queue.backoff.ms': 10,
  } as never,
  tconf: { 'auto.offset.reset': 'earliest' },
  batchOptions: {
    batchSize: 1_000,
    concurrency: 1_000,
    commitEveryNBatch: 1,
    commitSync: false,
    noBatchCommits: false,
  },
});

interface Message {
  readonly key: Buffer;
  readonly value: Buffer;
}

const changes = streams.getKStream(job.input);
changes
  .map(({ key, value }: Message) => {
    const parsed = JSON.parse(value.toString());
    // Its partitioner takes texts.
    return { key: key.toString(), change: isFramed ? parsed.payload : parsed };
  })
  .filter(({ change }) => change.op !== 'd' && change.source.table === 'car_data')
  .map(({ key, change: { after } }) => ({
    key,
    value: write({ ...after, suggestedprice: after.mileage / 4 + after.year }),
  }))
  .to(job.output, 4);

process.once('SIGTERM', () => {
  void streams.closeAll().then(() => process.exit(0));
});
changes.start(
  () => {},
  (error: Error) => {
    throw error;
  },
);
