/** A question that waits for its call. `sequence` counts in the order of asking. */
export interface Queued {
  readonly sequence: number;
}

/**
 * Questions that are in no call, in the order of asking. A part of a batch that was refused goes before them, by itself.
 */
export class QuestionQueue<Q extends Queued> {
  #waiting: Q[] = [];
  #head = 0;
  #parts: (readonly Q[])[] = [];
  #inParts = 0;

  get size(): number {
    return this.#waiting.length - this.#head + this.#inParts;
  }

  /** Whether a part of a refused batch is to go next. */
  get hasPart(): boolean {
    return this.#parts.length > 0;
  }

  push(question: Q): void {
    this.#waiting.push(question);
  }

  /** Questions that were taken and not answered come before all that were asked later. */
  putBack(questions: readonly Q[]): void {
    const waiting = [...questions, ...this.#waiting.slice(this.#head)];
    this.#waiting = waiting.sort((one, other) => one.sequence - other.sequence);
    this.#head = 0;
  }

  /** The halves of a batch that was refused as a whole. */
  halve(questions: readonly Q[]): void {
    const middle = Math.ceil(questions.length / 2);
    this.#parts.push(questions.slice(0, middle), questions.slice(middle));
    this.#inParts += questions.length;
  }

  /** The questions of the next call, at most `maxRows`. */
  take(maxRows: number): readonly Q[] {
    const part = this.#parts.shift();
    if (part !== undefined) {
      this.#inParts -= part.length;
      return part;
    }
    const taken = this.#waiting.slice(this.#head, this.#head + maxRows);
    this.#head += taken.length;
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  /** Takes all. */
  clear(): readonly Q[] {
    const all = [...this.#parts.flat(), ...this.#waiting.slice(this.#head)];
    this.#parts = [];
    this.#inParts = 0;
    this.#waiting = [];
    this.#head = 0;
    return all;
  }
}
