/** One download at a time: Maven's own repository, which all of them fill, is not safe for two. */
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigurationError } from '../../src/errors.js';
import { lockFolder } from '../../src/folder-lock.js';
import { inDownloads } from './folders.js';
import type { Download } from './part.js';

const LOOK_EVERY_MS = 250;

/** Runs `work` when nobody else downloads, in this process or another of this machine. */
export async function whileNobodyDownloads(work: () => Promise<void>, { signal }: Download): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const lock = await lockFolder(inDownloads('jars'), 'download');
      return await work().finally(() => lock.release());
    } catch (error) {
      // Another one is at it. Whoever that is ends, or dies and loses its lock.
      if (!(error instanceof ConfigurationError)) throw error;
      await wait(LOOK_EVERY_MS);
    }
  }
}
