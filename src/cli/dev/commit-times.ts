import type { StreamRecord } from '../../record.js';

/** Keys that are remembered at most; above it the oldest are forgotten, and their rows shown without a latency. */
const MOST_KEYS = 100_000;

/** Remembers when the database committed the change behind each row on its way, to say how long the row took. */
export class CommitTimes {
  readonly #byKey = new Map<string, number>();

  /** A record on its way to the sink. */
  passed({ key, change }: StreamRecord): void {
    if (change === undefined) return;
    const text = textOf(key);
    this.#byKey.delete(text);
    this.#byKey.set(text, change.tsMs);
    if (this.#byKey.size > MOST_KEYS) this.#byKey.delete(this.#byKey.keys().next().value!);
  }

  /** Milliseconds from the commit to `now`, the first time that it is asked for a change; then undefined. */
  arrived(key: unknown, now: number): number | undefined {
    const text = textOf(key);
    const committedAt = this.#byKey.get(text);
    if (committedAt === undefined) return undefined;
    this.#byKey.delete(text);
    // The database's clock and ours are one, but are not read at the same rounding.
    return Math.max(0, now - committedAt);
  }
}

function textOf(key: unknown): string {
  return JSON.stringify(key, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? '';
}
