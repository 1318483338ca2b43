import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { filter } from '../../src/operators/filter.js';
import { processValues } from '../../src/operators/process-values.js';
import { keyValueStore } from '../../src/state/declare.js';
import { topology } from '../../src/topology/topology.js';
import carPrices from '../../topology/car-prices.js';
import { texts } from './topics.js';

test('topics, stores and a frame around each sub-topology', () => {
  const seen = keyValueStore('seen');
  const built = topology('several', ({ stream }) => {
    stream([texts('in'), texts('more')], { as: 'end' })
      .pipe(
        processValues<string, string, string>({
          as: 'keep',
          stores: [seen],
          process: (record, context) => context.forward(record.value),
        }),
      )
      .to(() => texts('left'), { as: 'choose', possible: [texts('left'), texts('right')] });
    stream(texts('others'), { as: 'again' })
      .pipe(filter(() => true, { as: 'all' }))
      .to(texts('left'), { as: 'done' });
  });
  const lines = [
    'flowchart TB',
    ...['in', 'more', 'left', 'right', 'others'].map((name, index) => `  topic${index}(["${name}"])`),
    '  subgraph sub0["Sub-topology: 0"]',
    '    node0["end"]',
    '    node1["keep"]',
    '    node2["choose"]',
    '    store0[("seen")]',
    '    node0 --> node1',
    '    node1 --> node2',
    '    node1 -.- store0',
    '  end',
    '  topic0 --> node0',
    '  topic1 --> node0',
    '  node2 --> topic2',
    '  node2 --> topic3',
    '  subgraph sub1["Sub-topology: 1"]',
    '    node3["again"]',
    '    node4["all"]',
    '    node5["done"]',
    '    node3 --> node4',
    '    node4 --> node5',
    '  end',
    '  topic4 --> node3',
    '  node5 --> topic2',
  ];
  expect(built.toMermaid()).toBe(`${lines.join('\n')}\n`);
});

test('the picture in docs/concepts.md is the one of car-prices', async () => {
  const docs = await readFile(new URL('../../docs/concepts.md', import.meta.url), 'utf8');
  expect(docs).toContain(`\`\`\`mermaid\n${carPrices.toMermaid()}\`\`\``);
});
