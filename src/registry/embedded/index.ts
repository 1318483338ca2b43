/**
 * A schema registry in this process, which answers the calls of Confluent's: for a laptop and for tests, on this machine
 * alone.
 */
import { asError, ConfigurationError } from '../../errors.js';
import { RegistryCalls } from './calls.js';
import { Changes } from './changes.js';
import { type Journal, NO_JOURNAL, openJournal } from './journal.js';
import { listen, portOf } from './server.js';
import { SettingsCalls } from './settings-calls.js';
import { Subjects } from './subjects.js';

/** Where the embedded registry listens and what it keeps. */
export interface EmbeddedRegistryOptions {
  /** The folder in which everything is kept; undefined: in memory only. */
  readonly directory?: string;
  /** Of 127.0.0.1. Default 0: any free one. */
  readonly port?: number;
  /** How the port is set, for the message when it is taken. Default `port`. */
  readonly portSetting?: string;
}

/** A schema registry in this process. */
export interface EmbeddedRegistry {
  /** `http://127.0.0.1:8081` */
  readonly url: string;
  readonly port: number;
  /** Ends the connections and closes the files. Twice is once. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Opens the registry.
 *
 * @throws ConfigurationError when the port is taken, another process has the folder, or what lies in it cannot be read
 * @example
 * const registry = await openEmbeddedRegistry({ directory: '.millrace/registry', port: 8081 });
 */
export async function openEmbeddedRegistry(options: EmbeddedRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const { directory, port = 0, portSetting = 'port' } = options;
  const subjects = new Subjects();
  const journal: Journal =
    directory === undefined ? NO_JOURNAL : await openJournal(directory, (event) => subjects.apply(event));
  const changes = new Changes(subjects, journal);
  const calls = new RegistryCalls(subjects, changes);
  const settings = new SettingsCalls(subjects, changes);
  const server = await listen(calls, settings, HOST, port).catch(async (thrown: unknown) => {
    await journal.close();
    throw cannotListen(port, portSetting, thrown);
  });
  let closing: Promise<void> | undefined;
  return {
    url: `http://${HOST}:${portOf(server)}`,
    port: portOf(server),
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        // Clients keep connections that they may need again.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }).then(() => journal.close());
      return closing;
    },
  };
}

function cannotListen(port: number, setting: string, thrown: unknown): ConfigurationError {
  const { code } = thrown as NodeJS.ErrnoException;
  const message =
    code === 'EADDRINUSE'
      ? `Port ${port} is taken by another program, and the schema registry was to listen there. Set ${setting} to another ` +
        'port (0 picks a free one), or stop that program.'
      : `The schema registry cannot listen on port ${port}: ${asError(thrown).message}. Set ${setting} to another port.`;
  return new ConfigurationError(message, setting, { cause: thrown });
}
