/**
 * A first topology: it reads a topic, keeps some records, changes them, and writes them to another topic. The driver
 * runs it without a broker, record by record, with the code that runs it in production.
 *
 *     npx tsx examples/01-first-topology.ts
 *
 * prints
 *
 *     focus: a Focus of 2018 for £9,800
 *     ka: a Ka of 2012 for £2,950
 *     read 3, passed on 2, filtered 1
 *     Topologies:
 *        Sub-topology: 0
 *         Source: KSTREAM-SOURCE-0000000000 (topics: [listings])
 *           --> KSTREAM-FILTER-0000000001
 *         …
 */
import { filter, json, mapValues, string, topic, topology } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

interface Listing {
  readonly model: string;
  readonly year: number;
  readonly price: number;
}

// Topics are declared: a name, and the shapes of keys and values. Nothing is opened.
const listings = topic('listings', { key: string(), value: json<Listing>() });
const bargains = topic('bargains', { key: string(), value: string() });

const findBargains = topology('find-bargains', ({ stream }) => {
  stream(listings)
    .pipe(
      filter((car) => car.price < 10_000),
      mapValues((car) => `a ${car.model} of ${car.year} for £${car.price.toLocaleString('en')}`),
    )
    .to(bargains);
});

const driver = await TopologyTestDriver.open(findBargains);
const input = driver.createInputTopic(listings);
input.pipeInput('focus', { model: 'Focus', year: 2018, price: 9_800 });
input.pipeInput('mustang', { model: 'Mustang', year: 2017, price: 32_500 });
input.pipeInput('ka', { model: 'Ka', year: 2012, price: 2_950 });

const output = driver.createOutputTopic(bargains).readRecordsToList();
for (const { key, value } of output) console.log(`${key}: ${value}`);
console.log(`read 3, passed on ${output.length}, filtered ${driver.events.filtered}`);
await driver.close();

// The text of Kafka Streams' Topology.describe(), which its viewers draw.
process.stdout.write(findBargains.describe());
