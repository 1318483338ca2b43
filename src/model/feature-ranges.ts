import type { FeatureDescription } from './onnx-description.js';

/** Rows with a value of one feature that the model was not trained on. */
export interface Outside {
  readonly rows: number;
  /** The last such value. */
  readonly last: number | string;
  /** The first different ones, `MOST_VALUES` at most. */
  readonly values: readonly (number | string)[];
  /** What it was trained on: least and greatest, or how many categories. */
  readonly trainedOn: string;
}

/** Most different values that are kept of a feature. */
const MOST_VALUES = 20;

/**
 * Counts values that a model was not trained on: a number outside of the range, a text that is no category. The model
 * answers them all the same, and what it says of them is a guess; so it is said how many there were. Null is "not known"
 * and not counted.
 */
export class FeatureRanges {
  readonly #looks: readonly { readonly name: string; readonly isOutside: (value: unknown) => boolean }[];
  readonly #trainedOn: ReadonlyMap<string, string>;
  readonly #outside = new Map<string, { rows: number; last: number | string; values: Set<number | string> }>();

  constructor(features: readonly FeatureDescription[]) {
    this.#looks = features.flatMap((feature) => {
      const { name } = feature;
      if (feature.kind === 'text') {
        const known = new Set(feature.categories);
        return [{ name, isOutside: (value: unknown) => typeof value === 'string' && !known.has(value) }];
      }
      if (feature.range === undefined) return [];
      const [least, greatest] = feature.range;
      return [
        { name, isOutside: (value: unknown) => typeof value === 'number' && (value < least || value > greatest) },
      ];
    });
    this.#trainedOn = new Map(
      features.map((feature) => [
        feature.name,
        feature.kind === 'text' ? `${feature.categories.length} categories` : (feature.range?.join(' to ') ?? ''),
      ]),
    );
  }

  look(rows: readonly object[]): void {
    for (const row of rows) {
      for (const { name, isOutside } of this.#looks) {
        const value = (row as Record<string, unknown>)[name];
        if (!isOutside(value)) continue;
        this.#count(name, value as number | string);
      }
    }
  }

  #count(name: string, value: number | string): void {
    let found = this.#outside.get(name);
    if (found === undefined) {
      found = { rows: 0, last: value, values: new Set() };
      this.#outside.set(name, found);
    }
    found.rows += 1;
    found.last = value;
    if (found.values.size < MOST_VALUES) found.values.add(value);
  }

  /** By the name of the feature; only features that had such a value. */
  get outside(): Readonly<Record<string, Outside>> {
    const entries = [...this.#outside].map(([name, { rows, last, values }]) => {
      return [name, { rows, last, values: [...values], trainedOn: this.#trainedOn.get(name) ?? '' }] as const;
    });
    return Object.fromEntries(entries);
  }
}
