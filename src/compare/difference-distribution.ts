/**
 * How the numbers of a field differ, in bounded memory: sums, extremes and the histogram are exact for any count;
 * percentiles are exact up to {@link KEPT} differences, and beyond that of a uniform sample of so many.
 */

/** Differences kept for percentiles: 0.8 MB a field. Of a sample of so many, p99 lies between the true p98.9 and p99.1. */
const KEPT = 100_000;
/** Pairs kept to be drawn. */
const PAIRS = 1_500;
/** Bars of a histogram, at most. */
const BINS = 48;
const PERCENTILES = [1, 5, 25, 50, 75, 95, 99] as const;

/** The distribution of `there − here` over the rows that both sides have. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly meanAbsolute: number;
  readonly min: number;
  readonly max: number;
  readonly maxAbsolute: number;
  readonly median: number;
  /** `p1 p5 p25 p50 p75 p95 p99` */
  readonly percentiles: Readonly<Record<`p${(typeof PERCENTILES)[number]}`, number>>;
  /** `exact`, or of a uniform sample of 100,000. */
  readonly percentilesAre: 'exact' | 'sampled';
  /** Bars from low to high: the differences `d` with `from <= d < from + width`. */
  readonly histogram: {
    readonly width: number;
    readonly bars: readonly { readonly from: number; readonly count: number }[];
  };
  /** A uniform sample of the values of both sides. */
  readonly pairs: readonly (readonly [here: number, there: number])[];
}

/** Gathers the differences of one field. */
export class Differences {
  readonly #kept: number[] = [];
  readonly #pairs: (readonly [number, number])[] = [];
  /** The same choices in every run. */
  readonly #random = seeded(20_260_101);
  readonly #bars = new Map<number, number>();
  #width = 2 ** -20;
  #count = 0;
  #sum = 0;
  #sumAbsolute = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(here: number, there: number): void {
    const difference = there - here;
    if (!Number.isFinite(difference)) return;
    this.#count += 1;
    this.#sum += difference;
    this.#sumAbsolute += Math.abs(difference);
    this.#min = Math.min(this.#min, difference);
    this.#max = Math.max(this.#max, difference);
    this.#keep(this.#kept, difference, KEPT);
    this.#keep(this.#pairs, [here, there], PAIRS);
    this.#addToHistogram(difference);
  }

  /** Undefined when there were no numbers. */
  get distribution(): Distribution | undefined {
    if (this.#count === 0) return undefined;
    const sorted = Float64Array.from(this.#kept).sort();
    const at = (percent: number) => percentile(sorted, percent);
    const percentiles = Object.fromEntries(PERCENTILES.map((percent) => [`p${percent}`, at(percent)]));
    return {
      count: this.#count,
      mean: this.#sum / this.#count,
      meanAbsolute: this.#sumAbsolute / this.#count,
      min: this.#min,
      max: this.#max,
      maxAbsolute: Math.max(Math.abs(this.#min), Math.abs(this.#max)),
      median: at(50),
      percentiles: percentiles as Distribution['percentiles'],
      percentilesAre: this.#count > KEPT ? 'sampled' : 'exact',
      histogram: { width: this.#width, bars: this.#allBars() },
      pairs: this.#pairs,
    };
  }

  /** Algorithm R: each of the values so far is kept with the same probability. */
  #keep<T>(kept: T[], value: T, most: number): void {
    if (kept.length < most) {
      kept.push(value);
      return;
    }
    const place = Math.floor(this.#random() * this.#count);
    if (place < most) kept[place] = value;
  }

  /** Where the bars would be too many, neighbours become one of twice the width: counts stay exact. */
  #addToHistogram(difference: number): void {
    let bar = Math.floor(difference / this.#width);
    while (Math.floor(this.#max / this.#width) - Math.floor(this.#min / this.#width) >= BINS) {
      this.#width *= 2;
      const before = [...this.#bars];
      this.#bars.clear();
      for (const [index, count] of before) this.#count1(Math.floor(index / 2), count);
      bar = Math.floor(difference / this.#width);
    }
    this.#count1(bar, 1);
  }

  #count1(bar: number, count: number): void {
    this.#bars.set(bar, (this.#bars.get(bar) ?? 0) + count);
  }

  #allBars(): readonly { readonly from: number; readonly count: number }[] {
    const [first, last] = [Math.floor(this.#min / this.#width), Math.floor(this.#max / this.#width)];
    return Array.from({ length: last - first + 1 }, (_, index) => ({
      from: (first + index) * this.#width,
      count: this.#bars.get(first + index) ?? 0,
    }));
  }
}

/** Between the two nearest ranks, as most tools have it (type 7 of Hyndman and Fan). */
function percentile(sorted: Float64Array, percent: number): number {
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)]!;
  return below + (sorted[Math.ceil(rank)]! - below) * (rank - Math.floor(rank));
}

/** mulberry32, between 0 and 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
