/** An embedded registry that holds schemas under the ids with which a recording was made. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedRegistry, openEmbeddedRegistry } from '../../../src/registry/embedded/index.js';
import { recordedSchemas } from './recorded-avro.js';

export async function registryOfRecording(topic: string): Promise<EmbeddedRegistry & { remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'));
  const versions = new Map<string, number>();
  const lines = [...recordedSchemas()].map(([id, schema]) => {
    const subject = `${topic}-${(schema as { name: string }).name === 'Key' ? 'key' : 'value'}`;
    const version = (versions.get(subject) ?? 0) + 1;
    versions.set(subject, version);
    return JSON.stringify({
      event: 'registered',
      subject,
      version,
      id,
      schema: JSON.stringify(schema),
      references: [],
    });
  });
  await writeFile(join(directory, 'registry.jsonl'), `${lines.join('\n')}\n`);
  const registry = await openEmbeddedRegistry({ directory });
  return {
    ...registry,
    async remove() {
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
