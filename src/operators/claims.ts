import { HeadQueue } from '../head-queue.js';
import type { Ticket } from './operator.js';

/** A record in flight that may change what is remembered of its key: to a fingerprint, or (null) to nothing. */
export interface Claim {
  readonly ticket: Ticket;
  readonly fingerprint: string | null;
}

interface Chain {
  readonly key: string;
  /** What the memory holds by the last record of the key that is finished. */
  held: string | null;
  /** Empty when the chain is over. */
  claims: ClaimOf[];
}

interface ClaimOf extends Claim {
  readonly chain: Chain;
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
  /** All claims in their order, to find the chains that are over. */
  readonly #queue = new HeadQueue<ClaimOf>();

  /**
   * Notes a claim.
   *
   * @param held the fingerprint that the memory holds now; counts for the first claim of a key only
   */
  add(key: string, ticket: Ticket, fingerprint: string | null, held: string | null): void {
    const live = this.#live(key);
    const chain: Chain = live ?? { key, held, claims: [] };
    const claim: ClaimOf = { ticket, fingerprint, chain };
    if (live === undefined) {
      // Mostly the only one; an array that is pushed to has room for sixteen more.
      chain.claims = [claim];
      this.#chains.set(key, chain);
    } else {
      chain.claims.push(claim);
    }
    this.#queue.push(claim);
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
    for (let first = this.#queue.first; first !== undefined; first = this.#queue.first) {
      if (!first.ticket.finished && !first.ticket.stale) break;
      this.#queue.shift();
      this.#fold(first.chain);
    }
  }

  /** The chain of a key without what is certain by now; undefined when nothing of the key is in flight. */
  #live(key: string): Chain | undefined {
    const chain = this.#chains.get(key);
    return chain !== undefined && this.#fold(chain) ? chain : undefined;
  }

  /** Takes what is certain by now out of a chain. @returns whether anything of its key is in flight still */
  #fold(chain: Chain): boolean {
    const { claims } = chain;
    // Over already: its key may have another by now.
    if (claims.length === 0) return false;
    let over = 0;
    for (; over < claims.length; over += 1) {
      const { ticket, fingerprint } = claims[over]!;
      if (ticket.stale) continue;
      if (!ticket.finished) break;
      if (!ticket.failed) chain.held = fingerprint;
    }
    if (over === claims.length) claims.length = 0;
    else if (over > 0) claims.splice(0, over);
    // Records are run again from one on: whatever is stale is at the end.
    while (claims.at(-1)?.ticket.stale === true) claims.pop();
    if (claims.length > 0) return true;
    this.#chains.delete(chain.key);
    return false;
  }
}
