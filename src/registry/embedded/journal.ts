/**
 * The registry on disk: one event a line, in the order in which they happened.
 *
 * J1. An event is on the disk before it is answered.
 * J2. What a crash has left of a last line was not answered: it is cut off when the journal is opened.
 */
import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, ConfigurationError } from '../../errors.js';
import { type FolderLock, lockFolder } from '../../folder-lock.js';
import type { RegistryEvent } from './subjects.js';

/** Keeps events. */
export interface Journal {
  append(event: RegistryEvent): Promise<void>;
  close(): Promise<void>;
}

/** Keeps nothing: for tests, and registries that begin anew each time. */
export const NO_JOURNAL: Journal = Object.freeze({ append: async () => {}, close: async () => {} });

const FILE = 'registry.jsonl';

/**
 * Opens the journal in a folder, which is made where it is missing, and gives back what it holds.
 *
 * @throws ConfigurationError when another process has the folder, or a line cannot be read
 */
export async function openJournal(directory: string, replay: (event: RegistryEvent) => void): Promise<Journal> {
  await mkdir(directory, { recursive: true });
  const lock = await lockFolder(directory, 'schema registry');
  try {
    const path = join(directory, FILE);
    const file = await open(path, 'a');
    try {
      await replayFile(path, replay);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
    return new FileJournal(file, lock);
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

async function replayFile(path: string, replay: (event: RegistryEvent) => void): Promise<void> {
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.toString('utf8', 0, end).split('\n');
  lines.pop();
  for (const [i, line] of lines.entries()) {
    try {
      replay(JSON.parse(line) as RegistryEvent);
    } catch (thrown) {
      throw new ConfigurationError(
        `line ${i + 1} of ${path} cannot be read: ${asError(thrown).message}. The file was changed or the disk is damaged; ` +
          'restore it, or remove it to begin with an empty registry',
        'directory',
        { cause: thrown },
      );
    }
  }
  if (end < bytes.length) await truncate(path, end);
}

class FileJournal implements Journal {
  readonly #file: FileHandle;
  readonly #lock: FolderLock;
  #damaged: Error | undefined;

  constructor(file: FileHandle, lock: FolderLock) {
    this.#file = file;
    this.#lock = lock;
  }

  async append(event: RegistryEvent): Promise<void> {
    if (this.#damaged !== undefined) throw this.#damaged;
    try {
      await this.#file.appendFile(`${JSON.stringify(event)}\n`);
      await this.#file.datasync();
    } catch (thrown) {
      // Half a line may be there: another one behind it could not be read again.
      this.#damaged = asError(thrown);
      throw this.#damaged;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#lock.release();
  }
}
