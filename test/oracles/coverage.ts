import { expect } from 'vitest';

/** Counts what random cases hold, so that a test can say that nothing was left out. */
export class Coverage {
  readonly #counts = new Map<string, number>();
  #cases = 0;

  add(features: Iterable<string>): void {
    this.#cases += 1;
    for (const feature of new Set(features)) this.#counts.set(feature, (this.#counts.get(feature) ?? 0) + 1);
  }

  /** Each of these was in one case of `among` at least. */
  expectAll(features: Iterable<string>, among: number): void {
    const least = Math.max(1, Math.floor(this.#cases / among));
    const rare = [...features].filter((feature) => (this.#counts.get(feature) ?? 0) < least);
    expect(
      rare.map((feature) => `${feature}: ${this.#counts.get(feature) ?? 0}`),
      `in fewer than ${least} of ${this.#cases} cases`,
    ).toEqual([]);
  }
}
