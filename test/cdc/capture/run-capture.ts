// A program that captures the schema `killed` of the database of its first argument into an embedded broker in the
// folder of its second, and writes the number of changes that were handed over, each time there are more. With a third,
// a position in the log, it ends when that is published.
import { openEmbeddedBroker } from '../../../src/brokers/embedded/broker.js';
import { captureChanges } from '../../../src/cdc/capture/index.js';
import { parseLsn } from '../../../src/cdc/capture/log-position.js';
import { connectJsonPlain } from '../../../src/serde/connect-json.js';

const url = new URL(process.argv[2]!);
const broker = await openEmbeddedBroker({ directory: process.argv[3]! });
const capture = captureChanges(
  {
    'database.hostname': url.hostname,
    'database.port': url.port,
    'database.user': url.username,
    'database.password': decodeURIComponent(url.password),
    'database.dbname': 'car_database',
    'topic.prefix': 'killed',
    'table.include.list': 'killed\\.t',
    'publication.autocreate.mode': 'disabled',
    'snapshot.mode': 'no_data',
    'max.queue.size': 200,
  },
  { broker, serdes: { key: connectJsonPlain(), value: connectJsonPlain() } },
);
await capture.start();
let seen = 0;
const until = process.argv[4] === undefined ? Number.POSITIVE_INFINITY : parseLsn(process.argv[4]);
const looking = setInterval(() => {
  const { events, commitLsn } = capture.status;
  const count = events['killed.t'] ?? 0;
  if (count > seen) process.stdout.write(`${count}\n`);
  seen = count;
  if (commitLsn !== undefined && parseLsn(commitLsn) >= until) {
    clearInterval(looking);
    void capture.stop().then(() => broker.close());
  }
}, 1);
