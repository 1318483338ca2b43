/** Finding out about ports before PostgreSQL is started on one. */
import { createServer } from 'node:net';
import { ConfigurationError } from '../../errors.js';

/** The setting that a user changes when the port is taken. */
export const PORT_SETTING = 'MILLRACE_PG_PORT';

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return bind(0);
}

/**
 * @throws ConfigurationError when something listens there already, or the port is not ours to take
 */
export async function requireFreePort(port: number): Promise<void> {
  try {
    await bind(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw portTaken(port);
    throw new ConfigurationError(
      `PostgreSQL cannot listen on port ${port} (${code}): set ${PORT_SETTING} to another one.`,
      PORT_SETTING,
      { cause: error },
    );
  }
}

export function portTaken(port: number): ConfigurationError {
  return new ConfigurationError(
    `Port ${port} is taken by another program, and PostgreSQL was to listen there. ` +
      `Set ${PORT_SETTING} to another port (0 picks a free one), or stop that program.`,
    PORT_SETTING,
  );
}

function bind(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
