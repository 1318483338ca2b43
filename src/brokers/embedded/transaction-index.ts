/** Which transactions a partition has records of that are undecided, and which were aborted. */
export class TransactionIndex {
  /** In order of their first offsets, because they are added when they write for the first time. */
  readonly #open = new Map<number, number>();
  /** With the offsets of their markers. */
  readonly #aborted = new Map<number, number>();

  /** The first offset of the earliest open transaction; Infinity when none is open. */
  get firstOpen(): number {
    for (const offset of this.#open.values()) return offset;
    return Number.POSITIVE_INFINITY;
  }

  get open(): ReadonlyMap<number, number> {
    return this.#open;
  }

  isOpen(transaction: number): boolean {
    return this.#open.has(transaction);
  }

  isAborted(transaction: number): boolean {
    return transaction !== 0 && this.#aborted.has(transaction);
  }

  /** A batch of the transaction lies at `offset`. */
  wrote(transaction: number, offset: number): void {
    if (!this.#open.has(transaction)) this.#open.set(transaction, offset);
  }

  /** The transaction's marker lies at `offset`. */
  end(transaction: number, committed: boolean, offset: number): void {
    if (this.#open.delete(transaction) && !committed) this.#aborted.set(transaction, offset);
  }

  /** Nothing aborted is left before `offset`: compaction or retention removed it. */
  forgetAbortedBefore(offset: number): void {
    for (const [transaction, marker] of this.#aborted) if (marker < offset) this.#aborted.delete(transaction);
  }
}
