/**
 * A stream that is split, handled by kind, and merged again. A type guard narrows the stream of its branch.
 *
 *     npx tsx examples/04-branches-and-merge.ts
 *
 * prints
 *
 *     invoices  a1: 118.80
 *     invoices  b1: -25.00
 *     invoices  a2: 60.00
 *     unknown   c1: {"kind":"gift","note":"for Ada"}
 */
import { json, mapValues, otherwise, string, topic, topology } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

interface Sale {
  readonly kind: 'sale';
  readonly net: number;
}
interface Refund {
  readonly kind: 'refund';
  readonly gross: number;
}
type Entry = Sale | Refund | { readonly kind: string };

const isSale = (entry: Entry): entry is Sale => entry.kind === 'sale';
const isRefund = (entry: Entry): entry is Refund => entry.kind === 'refund';

const entries = topic('entries', { key: string(), value: json<Entry>() });
const invoices = topic('invoices', { key: string(), value: string() });
const unknown = topic('unknown', { key: string(), value: json<Entry>() });

const invoicing = topology('invoicing', ({ stream }) => {
  // The first branch that matches gets the record; without `otherwise` the rest is dropped and counted.
  const { sales, refunds, rest } = stream(entries).split({ sales: isSale, refunds: isRefund, rest: otherwise });
  sales
    .pipe(mapValues(({ net }) => net * 1.2))
    .merge(refunds.pipe(mapValues(({ gross }) => -gross)))
    .pipe(mapValues((amount) => amount.toFixed(2)))
    .to(invoices);
  rest.to(unknown);
});

const driver = await TopologyTestDriver.open(invoicing);
const input = driver.createInputTopic(entries);
input.pipeInput('a1', { kind: 'sale', net: 99 });
input.pipeInput('b1', { kind: 'refund', gross: 25 });
input.pipeInput('c1', { kind: 'gift', note: 'for Ada' } as Entry);
input.pipeInput('a2', { kind: 'sale', net: 50 });

for (const { key, value } of driver.createOutputTopic(invoices).readRecordsToList()) {
  console.log(`invoices  ${key}: ${value}`);
}
for (const { key, value } of driver.createOutputTopic(unknown).readRecordsToList()) {
  console.log(`unknown   ${key}: ${JSON.stringify(value)}`);
}
await driver.close();
