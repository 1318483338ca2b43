/**
 * RxJS in two places. `rx` takes one of its operators into the topology: subscribed afresh for each record, with
 * everything that it emits belonging to that record. `app.observe` gives an ordinary Observable of what passes, to look
 * at with all of RxJS, without guarantees.
 *
 *     npx tsx examples/06-rxjs-operators.ts
 *
 * prints
 *
 *     watched, by threes: ALICE, ADA, ALAN
 *     watched, by threes: GRACE, EDSGER, BARBARA
 *     written: ALICE, ADA, ALAN, GRACE, EDSGER, BARBARA
 *     looked up 12 times for 6 names, since each first try fails
 */
import {
  Application,
  memoryEngines,
  NO_HEADERS,
  openEmbeddedBroker,
  rx,
  string,
  topic,
  topology,
  withValue,
} from 'millrace';
import { bufferCount, defer, firstValueFrom, map, mergeMap, retry, take, toArray } from 'rxjs';

const NAMES = ['alice', 'ada', 'alan', 'grace', 'edsger', 'barbara'];

const names = topic('names', { key: string(), value: string() });
const found = topic('found', { key: string(), value: string() });

/** A service that is not there the first time it is asked about a name. */
let asked = 0;
const known = new Set<string>();
async function lookUp(name: string): Promise<string> {
  asked += 1;
  if (known.has(name)) return name.toUpperCase();
  known.add(name);
  throw new Error('try again');
}

const lookingUp = topology('looking-up', ({ stream }) => {
  stream(names)
    .pipe(
      rx(
        'look-up',
        mergeMap((record) =>
          defer(() => lookUp(record.value)).pipe(
            retry(3),
            map((answer) => withValue(record, answer)),
          ),
        ),
      ),
    )
    .to(found, { as: 'write-found' });
});

const broker = await openEmbeddedBroker();
const admin = await broker.admin();
await admin.createTopics([names, found].map(({ name }) => ({ topic: name, partitions: 1 })));
await admin.close();
const app = new Application(lookingUp, { 'application.id': 'looking-up' }, { broker, engines: memoryEngines() });

// A topic, or a node by its name. What reaches it is seen before it is committed.
const watched = firstValueFrom(
  app.observe('write-found').pipe(
    map(({ value }) => value),
    bufferCount(3),
    take(2),
    toArray(),
  ),
);
await app.start();

const producer = await broker.producer({});
for (const [i, name] of NAMES.entries()) {
  producer.produce({
    topic: names.name,
    partition: 0,
    key: Buffer.from(String(i)),
    value: Buffer.from(name),
    timestamp: Date.now(),
    headers: NO_HEADERS,
  });
}
await producer.flush(5_000);
await producer.close();

for (const three of await watched) console.log(`watched, by threes: ${three.join(', ')}`);
await app.drain();

const consumer = await broker.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
consumer.assign([{ topic: found.name, partition: 0, offset: 0 }]);
const written = await consumer.poll(100, 1_000);
await consumer.close();
console.log(`written: ${written.map(({ value }) => value).join(', ')}`);
console.log(`looked up ${asked} times for ${NAMES.length} names, since each first try fails`);
await broker.close();
