/**
 * A process that applies changes to an LMDB store until it is killed or cannot write, and says after each apply that
 * was durable up to which position.
 *
 * What a store holds at a position follows from the position alone ({@link contentAt}).
 */
import { writeSync } from 'node:fs';
import { lmdbEngines } from '../../src/state/lmdb.js';
import type { StoreChange } from '../../src/state/store.js';

export const STORE = '0_0/prices';
const KEYS = 500;
const CHANGES = 60;

/** The changes that lead from the position before to this one. */
export function changesAt(position: number): StoreChange[] {
  return Array.from({ length: CHANGES }, (_, i) => {
    const key = (position * 37 + i * 11) % KEYS;
    const value = (position + i) % 5 === 0 ? null : Buffer.from(`${position}:${key}:${'x'.repeat(key)}`);
    return { key: Buffer.from(`key-${key}`), value };
  });
}

/** Everything that is in the store at a position. */
export function contentAt(position: number | undefined): Record<string, string> {
  const content = new Map<string, string>();
  for (let at = 1; at <= (position ?? 0); at++) {
    for (const { key, value } of changesAt(at)) {
      if (value === null) content.delete(key.toString());
      else content.set(key.toString(), value.toString());
    }
  }
  return Object.fromEntries([...content].sort());
}

const [directory, mode] = process.argv.slice(2);

async function applyForEver(inFlight: number): Promise<void> {
  const engine = await lmdbEngines(directory!).open(STORE);
  const running: Promise<void>[] = [];
  for (let position = (engine.position ?? 0) + 1; ; position++) {
    running.push(engine.apply(changesAt(position), position).then(() => void writeSync(1, `${position}\n`)));
    if (running.length >= inFlight) await running.shift();
  }
}

/** Applies values that take ever more room until the engine refuses; then checks what it says, still shows, and holds when reopened. */
async function applyUntilRefused(): Promise<void> {
  const engine = await lmdbEngines(directory!).open(STORE);
  const large = (position: number): StoreChange => ({
    key: Buffer.from(`large-${position}`),
    value: Buffer.alloc(40_000, position),
  });
  for (let position = 1; ; position++) {
    try {
      await engine.apply([large(position)], position);
      writeSync(1, `${position}\n`);
    } catch (error) {
      const again = await engine.apply([], position + 1).then(
        () => 'accepted',
        (refusal: Error) => refusal.message,
      );
      const read = engine.get(Buffer.from(`large-${position}`))?.length;
      await engine.close();
      const reopened = await lmdbEngines(directory!).open(STORE);
      const found = reopened.position;
      await reopened.close();
      writeSync(1, `${JSON.stringify({ message: (error as Error).message, again, read, position: found })}\n`);
      return;
    }
  }
}

if (mode === 'one-by-one') await applyForEver(1);
if (mode === 'gathered') await applyForEver(8);
if (mode === 'until-refused') await applyUntilRefused();
