/** Uses every client of a broker once and closes them. Ends by itself when nothing is left open. */
import { kafkaBroker } from '../../../src/brokers/kafka/broker.js';
import { NO_HEADERS } from '../../../src/record.js';

const [servers = '', topic = ''] = process.argv.slice(2);
const broker = kafkaBroker({ 'bootstrap.servers': servers });
const admin = await broker.admin();
const producer = await broker.producer({ transactionalId: `id-${topic}` });
const consumer = await broker.consumer({
  groupId: `group-${topic}`,
  offsetReset: 'earliest',
  isolation: 'read_committed',
});
consumer.subscribe([topic], { onAssigned: async () => {}, onRevoked: async () => {}, onLost: async () => {} });

await producer.initTransactions(30_000);
producer.beginTransaction();
producer.produce({ topic, partition: 0, key: null, value: Buffer.from('a'), timestamp: 1, headers: NO_HEADERS });
await producer.commitTransaction(10_000);
let read = 0;
while (read === 0) read += (await consumer.poll(10, 1_000)).length;

await consumer.close();
await producer.close();
await admin.close();
await broker.close();
console.log(`read ${read}, closed`);
