import { closeSync, fdatasync, ftruncateSync, openSync, read, writevSync } from 'node:fs';
import { promisify } from 'node:util';

const readAt = promisify(read);
const syncData = promisify(fdatasync);

/**
 * A file that only grows at its end, all or nothing.
 *
 * Appending is a synchronous write(2): it is a copy into the system's cache, which outlives a killed process, and
 * takes microseconds; a trip through the thread pool takes longer and waits behind whatever else is in it. Waiting for
 * the disk itself ({@link sync}) is asynchronous.
 */
export class AppendFile {
  #size: number;
  #damaged = false;
  #closed = false;
  #users = 0;
  #drained: (() => void) | undefined;

  private constructor(
    /** Where it was opened; compaction may have renamed it. */
    readonly path: string,
    readonly descriptor: number,
    size: number,
  ) {
    this.#size = size;
  }

  /** Opens or makes the file. Bytes past `size` are cut off. */
  static open(path: string, size: number): AppendFile {
    const descriptor = openSync(path, size === 0 ? 'w+' : 'r+');
    try {
      ftruncateSync(descriptor, size);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    return new AppendFile(path, descriptor, size);
  }

  get size(): number {
    return this.#size;
  }

  /** Appends all parts, or throws and leaves the file as it was. */
  append(parts: readonly Buffer[]): void {
    // The system gives a closed file's number to the next one that is opened: writing to it would hit that.
    if (this.#closed) throw new Error(`${this.path} is closed.`);
    if (this.#damaged) this.#repair();
    let position = this.#size;
    let rest = parts;
    try {
      while (rest.length > 0) {
        const written = writevSync(this.descriptor, rest, position);
        position += written;
        rest = without(rest, written);
      }
    } catch (error) {
      this.#damaged = true;
      try {
        this.#repair();
      } catch {
        // The write's own error is the one to report; the next append repairs first, or fails with the repair's.
      }
      throw error;
    }
    this.#size = position;
  }

  /** Resolves once everything appended so far is on the disk itself. */
  async sync(): Promise<void> {
    await this.#using(() => syncData(this.descriptor));
  }

  /** Reads `length` bytes from `position` on; both must lie within what was appended. */
  read(position: number, length: number): Promise<Buffer> {
    return this.#using(async () => {
      const bytes = Buffer.allocUnsafeSlow(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await readAt(this.descriptor, bytes, done, length - done, position + done);
        if (bytesRead === 0) throw new Error(`${this.path} ends before byte ${position + length}: it was changed.`);
        done += bytesRead;
      }
      return bytes;
    });
  }

  /** Closes once pending reads are done. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    closeSync(this.descriptor);
  }

  /** Half a batch may lie behind the end; were it left there, recovery could take it for a record. */
  #repair(): void {
    ftruncateSync(this.descriptor, this.#size);
    this.#damaged = false;
  }

  async #using<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error(`${this.path} is closed.`);
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#drained?.();
    }
  }
}

function without(parts: readonly Buffer[], written: number): readonly Buffer[] {
  let skip = written;
  let index = 0;
  while (index < parts.length && skip >= parts[index]!.length) {
    skip -= parts[index]!.length;
    index += 1;
  }
  if (index === parts.length) return [];
  return [parts[index]!.subarray(skip), ...parts.slice(index + 1)];
}
