/**
 * Makes up listings of used Fords, as many as one likes: for examples, the console and measurements.
 *
 * They are plausible, not real: what depends on each other in real listings (year and mileage, engine and consumption,
 * consumption and tax) does so here, and every value lies in the range that the model `ford-price` has seen.
 */
import { VARIANTS, type Variant } from './catalogue.js';

/** A row of `car_data`. */
export interface Car {
  readonly id: number;
  readonly model: string;
  readonly year: number;
  readonly transmission: 'Manual' | 'Automatic' | 'Semi-Auto';
  /** Miles. */
  readonly mileage: number;
  readonly fueltype: 'Petrol' | 'Diesel' | 'Hybrid';
  /** Pounds a year. */
  readonly tax: number;
  /** Miles to the gallon. */
  readonly mpg: number;
  /** Litres. */
  readonly enginesize: number;
}

const TOTAL_SHARE = VARIANTS.reduce((sum, variant) => sum + variant.share, 0);
const MILES_A_YEAR = { Petrol: 6_300, Diesel: 8_200, Hybrid: 7_000 };
/** When the listings were collected, in years. */
const TODAY = 2020.4;
/** Cars registered since April 2017 pay a flat rate; before, it goes by the CO₂ they emit. */
const FLAT_TAX_SINCE = 2018;
/** Grams of CO₂ a kilometre, times miles to the gallon. */
const CARBON = { Petrol: 6_535, Diesel: 7_430, Hybrid: 6_535 };
/** [grams of CO₂ a kilometre up to, pounds a year]. */
const TAX_BANDS: readonly (readonly [number, number])[] = [
  [100, 0],
  [110, 20],
  [120, 30],
  [130, 125],
  [140, 145],
  [150, 160],
  [165, 200],
  [175, 235],
  [185, 260],
  [Number.POSITIVE_INFINITY, 300],
];

/**
 * Listings without end, numbered from 1. The same seed gives the same ones.
 *
 * @param seed any number; its lower 32 bits count
 * @example
 * const [first] = listings(42);
 */
export function* listings(seed: number): Generator<Car, never, undefined> {
  const random = mulberry32(seed);
  for (let id = 1; ; id += 1) yield listing(id, random);
}

function listing(id: number, random: () => number): Car {
  const variant = pickVariant(random);
  const { model, fueltype, enginesize } = variant;
  const year = pickYear(variant, random);
  const mpg = Math.round((variant.mpg + variant.mpgDeviation * clamp(normal(random), -2, 2)) * 10) / 10;
  const transmission = random() >= variant.automatic ? 'Manual' : random() < 0.55 ? 'Automatic' : 'Semi-Auto';
  const yearly = MILES_A_YEAR[fueltype] * Math.exp(0.45 * clamp(normal(random), -2.5, 2));
  const mileage = Math.round(clamp((TODAY - year - random() * 0.4) * yearly, 10, 150_000));
  return { id, model, year, transmission, mileage, fueltype, tax: tax(variant, year, mpg, random), mpg, enginesize };
}

function pickVariant(random: () => number): Variant {
  let left = random() * TOTAL_SHARE;
  for (const variant of VARIANTS) {
    left -= variant.share;
    if (left < 0) return variant;
  }
  return VARIANTS[0]!;
}

/** The later years are the more frequent ones: most cars are sold on when they are about three years old. */
function pickYear({ years: [first, last] }: Variant, random: () => number): number {
  const likely = clamp(2017.5 + 1.4 * normal(random), first - 0.49, last + 0.49);
  const early = random() < 0.1;
  return early ? first + Math.floor(random() * (last - first + 1)) : Math.round(likely);
}

function tax({ fueltype }: Variant, year: number, mpg: number, random: () => number): number {
  const flat = year >= FLAT_TAX_SINCE || (year === FLAT_TAX_SINCE - 1 && random() < 0.6);
  if (flat) return random() < 0.85 ? 145 : 150;
  const grams = CARBON[fueltype] / mpg;
  return TAX_BANDS.find(([upTo]) => grams <= upTo)![1];
}

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(Math.max(value, least), greatest);
}

/** Normally distributed, by Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers in [0, 1) from a seed: Tommy Ettinger's Mulberry32, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
