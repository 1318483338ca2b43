import { open } from 'node:fs/promises';

/** Resolves once the folder's entries are on the disk: a new file is lost in a power cut until then. */
export async function syncFolder(path: string): Promise<void> {
  // Windows neither opens folders nor needs it.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
