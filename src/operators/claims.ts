import type { Ticket } from './operator.js';

/** A record in flight that may change what is remembered of its key: to a fingerprint, or (null) to nothing. */
export interface Claim {
  readonly ticket: Ticket;
  readonly fingerprint: string | null;
}

interface Chain {
  /** What the memory holds by the last record of the key that is finished. */
  held: string | null;
  readonly claims: Claim[];
}

/**
 * The records in flight that may change a memory, by key, in order. From them follows what the memory *may* hold when
 * a later record's turn comes: each of them may yet fail and leave no memory.
 *
 * Records finish in their order, so the claims that are certain are always the first of their chain; what they left is
 * folded into `held`, and a chain is as long as what its key has in flight.
 */
export class Claims {
  readonly #chains = new Map<string, Chain>();
  /** Keys in the order of their claims, to find the chains that are over. */
  #queue: { readonly key: string; readonly ticket: Ticket }[] = [];
  #head = 0;

  /**
   * Notes a claim.
   *
   * @param held the fingerprint that the memory holds now; counts for the first claim of a key only
   */
  add(key: string, ticket: Ticket, fingerprint: string | null, held: string | null): void {
    const chain = this.#live(key);
    if (chain === undefined) this.#chains.set(key, { held, claims: [{ ticket, fingerprint }] });
    else chain.claims.push({ ticket, fingerprint });
    this.#queue.push({ key, ticket });
  }

  /** The last claim of the key whose record is in flight, if any. */
  last(key: string): Claim | undefined {
    return this.#live(key)?.claims.at(-1);
  }

  /** Whether the memory of a claimed key may hold the fingerprint when those in flight are finished. */
  mayHold(key: string, fingerprint: string): boolean {
    const chain = this.#live(key);
    if (chain === undefined) return false;
    return chain.held === fingerprint || chain.claims.some((claim) => claim.fingerprint === fingerprint);
  }

  /** Forgets the chains that are over. */
  prune(): void {
    while (this.#head < this.#queue.length) {
      const { key, ticket } = this.#queue[this.#head]!;
      if (!ticket.finished && !ticket.stale) break;
      this.#head += 1;
      this.#live(key);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The chain of a key without what is certain by now; undefined when nothing of the key is in flight. */
  #live(key: string): Chain | undefined {
    const chain = this.#chains.get(key);
    if (chain === undefined) return undefined;
    const { claims } = chain;
    let over = 0;
    for (; over < claims.length; over += 1) {
      const { ticket, fingerprint } = claims[over]!;
      if (ticket.stale) continue;
      if (!ticket.finished) break;
      if (!ticket.failed) chain.held = fingerprint;
    }
    if (over > 0) claims.splice(0, over);
    // Records are run again from one on: whatever is stale is at the end.
    while (claims.at(-1)?.ticket.stale === true) claims.pop();
    if (claims.length > 0) return chain;
    this.#chains.delete(key);
    return undefined;
  }
}
