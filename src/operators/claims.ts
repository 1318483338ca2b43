import type { Ticket } from './operator.js';

/** A record in flight that may change what is remembered of its key: to a fingerprint, or (null) to nothing. */
interface Claim {
  readonly key: string;
  readonly ticket: Ticket;
  readonly fingerprint: string | null;
}

interface Chain {
  /** What the memory held when the first of the chain came. */
  readonly base: string | undefined;
  readonly claims: Claim[];
}

/**
 * The records in flight that may change a memory, by key, in order. From them follows what the memory *may* hold when
 * a later record's turn comes: each of them may yet fail and leave no memory.
 */
export class Claims {
  readonly #chains = new Map<string, Chain>();
  #queue: Claim[] = [];
  #head = 0;

  /** Notes a claim. `base` is read only for the first of its key. */
  add(key: string, ticket: Ticket, fingerprint: string | null, base: () => string | undefined): void {
    const claim = { key, ticket, fingerprint };
    const chain = this.#live(key);
    if (chain === undefined) this.#chains.set(key, { base: base(), claims: [claim] });
    else chain.claims.push(claim);
    this.#queue.push(claim);
  }

  /** The last record in flight that claims the key, if any. */
  last(key: string): Ticket | undefined {
    return this.#live(key)?.claims.at(-1)?.ticket;
  }

  /** Whether the memory of a claimed key may hold the fingerprint when those in flight are finished. */
  mayHold(key: string, fingerprint: string): boolean {
    const chain = this.#live(key);
    if (chain === undefined) return false;
    return chain.base === fingerprint || chain.claims.some((claim) => claim.fingerprint === fingerprint);
  }

  /** Forgets claims whose outcome is certain; records finish in order, so the oldest go first. */
  prune(): void {
    while (this.#head < this.#queue.length) {
      const { key, ticket } = this.#queue[this.#head]!;
      if (!over(ticket)) break;
      this.#head += 1;
      this.#live(key);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  #live(key: string): Chain | undefined {
    const chain = this.#chains.get(key);
    if (chain === undefined) return undefined;
    if (chain.claims.some(({ ticket }) => !over(ticket))) {
      if (chain.claims.some(({ ticket }) => ticket.stale)) {
        const kept = chain.claims.filter(({ ticket }) => !ticket.stale);
        chain.claims.splice(0, chain.claims.length, ...kept);
      }
      return chain;
    }
    this.#chains.delete(key);
    return undefined;
  }
}

function over(ticket: Ticket): boolean {
  return ticket.finished || ticket.stale;
}
