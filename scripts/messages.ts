/**
 * `npm run messages`: sends messages as Avro, with their schema in a registry, and reads them again.
 *
 *   --count <n>                 how many (default: 5)
 *   --registry <url>            a registry (default: MILLRACE_REGISTRY_URL; without it, one in this process)
 *   --bootstrap-servers <list>  Kafka (default: a broker in this process)
 */
import { parseArgs } from 'node:util';
import { Application, avro, ConfigurationError, openEmbeddedRegistry, TopicWriter, waitForRegistry } from 'millrace';
import { type Message, messages } from '../schemas/messages.js';
import { openEmbeddedBroker } from '../src/brokers/embedded/index.js';
import type { Broker } from '../src/brokers/port.js';
import { memoryEngines } from '../src/state/memory.js';
import topology from '../topology/messages.js';

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '5' },
    registry: { type: 'string', default: process.env.MILLRACE_REGISTRY_URL },
    'bootstrap-servers': { type: 'string' },
  },
});
const count = Number(options.count);
if (!Number.isInteger(count) || count < 1) {
  throw new ConfigurationError(`--count: '${options.count}' is no number of messages`, 'count');
}

const own = options.registry === undefined ? await openEmbeddedRegistry() : undefined;
const registry = own?.url ?? options.registry!;
const broker = await openBroker(options['bootstrap-servers']);
try {
  await registryThere();
  console.log(`registry ${registry}`);
  await createTopic(broker);
  const encoding = avro({ registry });

  const writer = await TopicWriter.open(broker, messages, encoding);
  for (let i = 0; i < count; i += 1) {
    const message: Message = { timestamp: Date.now(), data: { count: i, value: i % 2 === 0 ? i / 2 : null } };
    await writer.send(null, message);
    console.log(`produced ${JSON.stringify(message)}`);
  }
  await writer.close();

  const application = new Application(
    topology,
    { 'application.id': 'messages', encoding },
    { broker, engines: memoryEngines() },
    {},
    { bounds: await ends(broker) },
  );
  await application.start();
  await application.ended();
  if (application.failure !== undefined) throw application.failure;
} finally {
  await broker.close();
  await own?.close();
}

/** Waits for it, and says so once for each reason. */
async function registryThere(): Promise<void> {
  let told: string | undefined;
  const onWaiting = ({ message }: Error) => {
    if (message !== told) console.log(`waiting for the registry ${registry}: ${message}`);
    told = message;
  };
  await waitForRegistry({ url: registry }, { onWaiting });
}

async function openBroker(servers: string | undefined): Promise<Broker> {
  if (servers === undefined) return openEmbeddedBroker();
  const { kafkaBroker } = await import('millrace/kafka');
  return kafkaBroker({ 'bootstrap.servers': servers });
}

async function createTopic(on: Broker): Promise<void> {
  const admin = await on.admin();
  try {
    if ((await admin.partitionCount(messages.name)) !== undefined) return;
    await admin.createTopics([{ topic: messages.name, partitions: 1 }]);
    console.log(`topic ${messages.name} created`);
  } finally {
    await admin.close();
  }
}

/** Where the topic ends now: what is read up to. */
async function ends(on: Broker): Promise<ReadonlyMap<string, number>> {
  const admin = await on.admin();
  const partitions = (await admin.partitionCount(messages.name)) ?? 0;
  await admin.close();
  const consumer = await on.consumer({ offsetReset: 'earliest', isolation: 'read_committed' });
  const found = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const { high } = await consumer.watermarks({ topic: messages.name, partition });
    found.set(`${messages.name}-${partition}`, high);
  }
  await consumer.close();
  return found;
}
