import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { versions } from '../../deploy/stack/versions.js';

const compose = await readFile(new URL('../../docker-compose.yaml', import.meta.url), 'utf8');
const pom = await readFile(new URL('../../deploy/stack/kafka.pom.xml', import.meta.url), 'utf8');

test('docker-compose names the versions that the stack runner starts', () => {
  const images = [...compose.matchAll(/^\s+image: (\S+)$/gm)].map(([, image]) => image);
  expect(images.toSorted()).toEqual([`apache/kafka:${versions.kafka}`, `postgres:${versions.postgres}`].toSorted());
});

test("the pom's defaults, for a person who runs Maven by hand, are the runner's versions", () => {
  expect(pom).toContain(`<kafka.version>${versions.kafka}</kafka.version>`);
  expect(pom).toContain(`<log4j.version>${versions.log4j}</log4j.version>`);
});
