/**
 * Opens the LMDB files in a folder so that damaged ones cost a rebuild and not the process.
 *
 * LMDB maps the file into memory and trusts it: a file that is cut off, or whose first page is not LMDB's, ends the
 * process by a signal. So the file is looked at before LMDB sees it, and a note in the folder counts the openings that
 * did not come to an end: after the second one the files are given up.
 *
 * Pages damaged in the middle of the file are noticed when their structure is wrong, and not when only their values
 * are: LMDB keeps no checksums.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { asError } from '../errors.js';
import { LmdbEnvironment } from './lmdb-environment.js';

/** Offsets in LMDB's meta page, data version 2 of lmdb-js: after a page header of 24 bytes. */
const MAGIC_AT = 24;
const VERSION_AT = 28;
const PAGE_SIZE_AT = 48;
const MAGIC = 0xbeefc0de;
const VERSION = 2;

const FRUITLESS_OPENINGS = 2;
/** The size of the note: enough to find out that the disk is full before LMDB maps a file that has no blocks yet. */
const NOTE_BYTES = 64 * 1024;

/** The files are no LMDB files, or damaged. */
class Damaged extends Error {}

/**
 * @param folder made when missing
 * @param warn told when content is given up, in one line
 * @throws when the folder cannot be used for a reason that will pass or must be put right: permissions, a full disk,
 *   too many open files. Content is not given up for those.
 */
export async function openLmdbFolder(folder: string, warn: (message: string) => void): Promise<LmdbEnvironment> {
  const note = join(folder, 'opening');
  try {
    const fruitless = fruitlessOpenings(folder, note);
    const isHopeless = fruitless >= FRUITLESS_OPENINGS;
    if (isHopeless) giveUp(folder, `the process died ${fruitless} times while opening it`, warn);
    writeFileSync(note, Buffer.alloc(NOTE_BYTES, isHopeless ? 1 : fruitless + 1));
    return await openOrStartAgain(folder, warn);
  } catch (error) {
    throw new Error(`the state in ${folder} cannot be opened: ${asError(error).message}`, { cause: error });
  } finally {
    // Still there afterwards only if the process died.
    rmSync(note, { force: true });
  }
}

function fruitlessOpenings(folder: string, note: string): number {
  mkdirSync(folder, { recursive: true });
  return existsSync(note) ? (readFileSync(note)[0] ?? 0) : 0;
}

async function openOrStartAgain(folder: string, warn: (message: string) => void): Promise<LmdbEnvironment> {
  try {
    return await openChecked(folder);
  } catch (error) {
    if (!isDamage(error)) throw error;
    giveUp(folder, asError(error).message, warn);
    return openChecked(folder);
  }
}

async function openChecked(folder: string): Promise<LmdbEnvironment> {
  const file = join(folder, 'data.mdb');
  checkHeader(file);
  const environment = await LmdbEnvironment.open(folder, (needed) => {
    const { size } = statSync(file);
    if (size < needed) throw new Damaged(`data.mdb has ${size} bytes, and its own index says ${needed}`);
  });
  try {
    environment.position();
    environment.entries().next();
  } catch (error) {
    await environment.close();
    throw isDamage(error) ? error : new Damaged(asError(error).message);
  }
  return environment;
}

function checkHeader(file: string): void {
  if (!existsSync(file)) return;
  const { size } = statSync(file);
  if (!statSync(file).isFile()) throw new Damaged('data.mdb is not a file');
  if (size === 0) return;
  const first = readAt(file, 0);
  const pageSize = first.length < 64 ? 0 : first.readUInt32LE(PAGE_SIZE_AT);
  if (!isMeta(first) || pageSize < 512 || pageSize > 65_536 || !isMeta(readAt(file, pageSize))) {
    throw new Damaged('data.mdb does not begin as a file of LMDB does');
  }
}

function readAt(file: string, position: number): Buffer {
  const bytes = Buffer.alloc(64);
  const descriptor = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, position));
  } finally {
    closeSync(descriptor);
  }
}

function isMeta(page: Buffer): boolean {
  return page.length === 64 && page.readUInt32LE(MAGIC_AT) === MAGIC && page.readUInt32LE(VERSION_AT) === VERSION;
}

/** LMDB's own errors begin with MDB_; those of the operating system (EMFILE, ENOSPC, EACCES) do not. */
function isDamage(error: unknown): boolean {
  return error instanceof Damaged || /^MDB_(?!MAP_FULL|READERS_FULL|MAP_RESIZED)/.test(asError(error).message);
}

function giveUp(folder: string, reason: string, warn: (message: string) => void): void {
  for (const file of ['data.mdb', 'lock.mdb']) rmSync(join(folder, file), { recursive: true, force: true });
  warn(`the state in ${folder} is given up and will be rebuilt from its changelog: ${reason}`);
}
