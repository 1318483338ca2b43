import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { StackError } from '../../deploy/stack/part.js';
import { claimPort, portFromEnvironment } from '../../deploy/stack/ports.js';

const VARIABLE = 'MILLRACE_TEST_PORT';

afterEach(() => {
  delete process.env[VARIABLE];
});

test('a taken port is refused, and the setting to change is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    const refusal = claimPort(port, VARIABLE);
    await expect(refusal).rejects.toThrow(StackError);
    await expect(refusal).rejects.toThrow(new RegExp(`${port}.*${VARIABLE}=0`));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await claimPort(port, VARIABLE)).toBe(port);
});

test('port 0 becomes a free one', async () => {
  expect(await claimPort(0, VARIABLE)).toBeGreaterThan(0);
});

test.each([
  ['', 9092],
  ['0', 0],
  ['19092', 19_092],
])('the port from the environment: %j is %i', (text, port) => {
  process.env[VARIABLE] = text;
  expect(portFromEnvironment(VARIABLE, 9092)).toBe(port);
});

test.each(['ninety', '-1', '65536', '1.5'])('%j is no port', (text) => {
  process.env[VARIABLE] = text;
  expect(() => portFromEnvironment(VARIABLE, 9092)).toThrow(StackError);
});
