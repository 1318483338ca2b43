/** Every setting that librdkafka has is passed on, or refused with the reason. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { consumerSettings, producerSettings } from '../../../src/brokers/kafka/config.js';
import type { KafkaOptions } from '../../../src/brokers/kafka/options.js';
import { ConfigurationError } from '../../../src/errors.js';

/** The settings of the client that is installed, from its own list. */
function settingsOf(...interfaces: readonly string[]): readonly string[] {
  const text = readFileSync(createRequire(import.meta.url).resolve('node-rdkafka/config.d.ts'), 'utf8');
  const bodies = interfaces.map(
    (name) => new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(text)![1]!,
  );
  return bodies.flatMap((body) => [...body.matchAll(/^ {4}"([^"]+)"\?:/gm)].map(([, name]) => name!));
}

const servers = { 'bootstrap.servers': '127.0.0.1:9' };
const config = { groupId: 'g', offsetReset: 'earliest', isolation: 'read_committed' } as const;

type Client = 'consumer' | 'producer';
const INTERFACES: Readonly<Record<Client, readonly string[]>> = {
  consumer: ['GlobalConfig', 'ConsumerGlobalConfig', 'TopicConfig', 'ConsumerTopicConfig'],
  producer: ['GlobalConfig', 'ProducerGlobalConfig', 'TopicConfig', 'ProducerTopicConfig'],
};

function built(client: Client, options: KafkaOptions): Record<string, unknown> {
  const settings =
    client === 'consumer'
      ? consumerSettings(options, config, 'g')
      : producerSettings(options, { transactionalId: 't' });
  return { ...settings.client, ...settings.topic };
}

test.each(['consumer', 'producer'] as const)('of a %s', (client) => {
  const names = settingsOf(...INTERFACES[client]);
  expect(names.length).toBeGreaterThan(100);
  const wrong: string[] = [];
  const refused: string[] = [];
  for (const name of names) {
    // Large enough for those that must be larger than others; nothing is opened with it.
    const value = 300_001;
    try {
      const given = built(client, { ...servers, [client]: { [name]: value } })[name];
      if (given !== value && !(name === 'debug' && given === `${value},consumer`)) wrong.push(`${name} is ${given}`);
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      refused.push(name);
    }
  }
  expect(wrong).toEqual([]);
  expect(refused.length).toBeLessThan(25);
});
