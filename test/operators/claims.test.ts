import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Claims } from '../../src/operators/claims.js';
import type { Ticket } from '../../src/operators/operator.js';

const KEYS = ['k', 'l'];
const FINGERPRINTS = ['one', 'two', null];

interface Asked {
  readonly key: string;
  readonly fingerprint: string | null;
  ticket: { finished: boolean; failed: boolean; stale: boolean };
}

/** As `predict` uses them, beside a plain list of what is in flight and what is remembered. */
class Checked {
  readonly #claims = new Claims();
  readonly #inFlight: Asked[] = [];
  readonly #memory = new Map<string, string | null>();

  ask(key: string, fingerprint: string | null): void {
    const asked = { key, fingerprint, ticket: ticket() };
    this.#claim(asked);
    this.#inFlight.push(asked);
  }

  /** The first one in flight finishes. */
  finish(failed: boolean): void {
    const first = this.#inFlight.shift();
    if (first === undefined) return;
    Object.assign(first.ticket, { finished: true, failed });
    if (!failed) this.#memory.set(first.key, first.fingerprint);
  }

  /** All from one on are run again, in their order; those before it stay in flight. */
  runAgainFrom(index: number): void {
    for (const asked of this.#inFlight.slice(index)) asked.ticket.stale = true;
    for (const asked of this.#inFlight.splice(index)) {
      asked.ticket = ticket();
      this.#claim(asked);
      this.#inFlight.push(asked);
    }
  }

  prune(): void {
    this.#claims.prune();
  }

  expectRight(): void {
    for (const key of KEYS) {
      const ofKey = this.#inFlight.filter((asked) => asked.key === key);
      expect(this.#claims.last(key)?.fingerprint).toBe(ofKey.at(-1)?.fingerprint);
      if (ofKey.length === 0) continue;
      for (const fingerprint of ['one', 'two']) {
        const may = [this.#memory.get(key), ...ofKey.map((asked) => asked.fingerprint)].includes(fingerprint);
        expect(this.#claims.mayHold(key, fingerprint)).toBe(may);
      }
    }
  }

  #claim({ key, fingerprint, ticket }: Asked): void {
    const held = this.#claims.last(key) === undefined ? (this.#memory.get(key) ?? null) : null;
    this.#claims.add(key, ticket as Ticket, fingerprint, held);
  }
}

const ticket = () => ({ finished: false, failed: false, stale: false });

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constant('ask' as const), fc.constantFrom(...KEYS), fc.constantFrom(...FINGERPRINTS)),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('finish' as const), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('run again' as const), fc.nat(4)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('prune' as const)) },
);

test('what is in flight of a key, and what its memory may hold, over finishes, failures and second runs', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const claims = new Checked();
      for (const each of steps) {
        if (each[0] === 'ask') claims.ask(each[1], each[2]);
        else if (each[0] === 'finish') claims.finish(each[1]);
        else if (each[0] === 'run again') claims.runAgainFrom(each[1]);
        else claims.prune();
        claims.expectRight();
      }
    }),
    { numRuns: 500 },
  );
});
