/** Ports on 127.0.0.1: read from the environment, found free, or refused before anything is started. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { StackError } from './part.js';

/** Tries to listen; resolves with the port that was given, or undefined when it is taken. */
function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}

/**
 * Free ports are looked for below those that Linux gives to outgoing connections (32768 and up): one of these could take the
 * port before the server that is starting has it, and while it is down to be started again.
 */
const [FIRST, BEHIND] = [20_000, 32_768];
const TRIES = 100;

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = await tryListen(randomInt(FIRST, BEHIND));
    if (port !== undefined) return port;
  }
  throw new StackError(`No free port was found on 127.0.0.1 between ${FIRST} and ${BEHIND - 1}.`);
}

/**
 * The port to use: the wanted one, or a free one for 0.
 *
 * @param setting the name of the setting, for the message
 * @throws StackError when somebody listens there already
 */
export async function claimPort(wanted: number, setting: string): Promise<number> {
  const port = wanted === 0 ? await freePort() : await tryListen(wanted);
  if (port === undefined) {
    throw new StackError(
      `Port ${wanted} on 127.0.0.1 is taken. Stop what listens there, or choose another port: ${setting}=0 takes a free one.`,
    );
  }
  return port;
}

/**
 * A port from the environment.
 *
 * @throws StackError when the variable is no number from 0 to 65535
 */
export function portFromEnvironment(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new StackError(`${variable}=${text} is no port: give a number from 0 (any free port) to 65535.`);
  }
  return port;
}
