import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { type DescribedCar, type FordFeatures, features, fordPrice } from '../../models/ford/index.js';
import { type Car, listings } from '../../models/ford/listings.js';
import type { ModelDeclaration } from '../../src/model/model.js';
import { onnx } from '../../src/model/onnx.js';
import { type OnnxDescription, parseDescription } from '../../src/model/onnx-description.js';

interface Recorded {
  readonly car: DescribedCar;
  readonly price: number;
  /** XGBoost's own, in Python. */
  readonly prediction: number;
}

const fixture = new URL('../fixtures/ford/predictions.json', import.meta.url);
const path = new URL('../../models/ford/ford_price.json', import.meta.url);
const { predictions: recorded, unseen } = JSON.parse(readFileSync(fixture, 'utf8')) as {
  readonly unseen: number;
  readonly predictions: readonly Recorded[];
};
const description: OnnxDescription = parseDescription(readFileSync(path, 'utf8'), 'ford_price.json');
const model = onnx<FordFeatures>(new URL('../../models/ford/ford_price.onnx', import.meta.url));
const { signal } = new AbortController();
const priceOf = async (car: DescribedCar): Promise<number> => (await model.predict([features(car)], signal))[0]!;

beforeAll(() => model.open());
afterAll(() => model.close());

const focus = { ...recorded[0]!.car };

describe('the price of a Ford', () => {
  test("ONNX in Node gives XGBoost's prices within 5 pence, also for nulls and unknown categories", async () => {
    const prices = await model.predict(
      recorded.map(({ car }) => features(car)),
      signal,
    );
    const differences = recorded.map(({ prediction }, row) => Math.abs(prices[row]! - prediction));
    expect(Math.max(...differences)).toBeLessThan(0.05);
    const names = Object.keys(features({})) as (keyof FordFeatures)[];
    for (const name of names) expect(recorded.some(({ car }) => car[name] === null)).toBe(true);
    expect(recorded.some(({ car }) => names.every((name) => car[name] === null))).toBe(true);
    for (const name of ['model', 'transmission', 'fueltype'] as const) {
      expect(recorded.some(({ car }) => car[name] === 'no such category')).toBe(true);
    }
    expect(recorded.some(({ car }) => car.model?.startsWith(' '))).toBe(true);
  });

  test('the mean error on cars that the model has never seen is below £850', async () => {
    const cars = recorded.slice(0, unseen);
    const prices = await model.predict(
      cars.map(({ car }) => features(car)),
      signal,
    );
    const error = cars.reduce((sum, { price }, row) => sum + Math.abs(price - prices[row]!), 0) / cars.length;
    expect(error).toBeLessThan(850);
    expect(error).toBeGreaterThan(300);
  });

  test('a Focus is a Focus, with blanks around it and without', async () => {
    const price = await priceOf({ ...focus, model: 'Focus' });
    expect(await priceOf({ ...focus, model: ' Focus' })).toBe(price);
    expect(await priceOf({ ...focus, model: 'Focus ', transmission: ' Manual', fueltype: ' Petrol ' })).toBe(price);
    expect(await priceOf({ ...focus, model: 'Mustang' })).not.toBe(price);
  });

  test('a tax as the text of a decimal is the number', async () => {
    expect(await priceOf({ ...focus, tax: '150.00' })).toBe(await priceOf({ ...focus, tax: 150 }));
  });

  test('a null text counts as an unknown one', async () => {
    expect(await priceOf({ ...focus, model: null })).toBe(await priceOf({ ...focus, model: 'Trabant' }));
  });

  test('every feature moves the price', async () => {
    const price = await priceOf(focus);
    const others = { model: 'Kuga', year: 2013, transmission: 'Automatic', mileage: 90_000, fueltype: 'Diesel' };
    const more: DescribedCar = { ...others, tax: 0, mpg: 35, enginesize: 2 };
    for (const [name, value] of Object.entries(more))
      expect(await priceOf({ ...focus, [name]: value })).not.toBe(price);
  });
});

describe('features', () => {
  test('are in the order of the description, and null for what is missing', () => {
    expect(Object.keys(features({}))).toEqual(description.features.map(({ name }) => name));
    expect(Object.values(features({}))).toEqual(new Array(8).fill(null));
    expect(features({ ...focus, tax: null, model: null })).toMatchObject({ tax: null, model: null });
  });

  test.each(['£150', '', ' ', 'NaN'])('refuse the tax %j', (tax) => {
    expect(() => features({ ...focus, tax })).toThrow(`tax '${tax}' is not a number`);
  });

  test('take a row with more columns', () => {
    const row = { ...focus, id: 7, listed: '2020-05-01' };
    expect(features(row)).toEqual(features(focus));
  });

  test('belong to the declaration', () => {
    expect(fordPrice.name).toBe(description.name);
    expectTypeOf(fordPrice).toEqualTypeOf<ModelDeclaration<FordFeatures, number>>();
  });
});

describe('listings', () => {
  const take = (seed: number, count: number): Car[] => {
    const cars: Car[] = [];
    for (const car of listings(seed)) {
      if (cars.push(car) === count) return cars;
    }
    return cars;
  };
  const cars = take(7, 5_000);

  test('lie in the ranges and categories that the model was trained on', () => {
    for (const feature of description.features) {
      const values = cars.map((car) => car[feature.name as keyof Car]);
      if (feature.kind === 'text') {
        expect(feature.categories).toEqual(expect.arrayContaining([...new Set(values)]));
      } else {
        const [least, greatest] = feature.range!;
        expect(Math.min(...(values as number[]))).toBeGreaterThanOrEqual(least);
        expect(Math.max(...(values as number[]))).toBeLessThanOrEqual(greatest);
      }
    }
  });

  test('are the same for the same seed, others for another, and numbered', () => {
    expect(take(7, 20)).toEqual(cars.slice(0, 20));
    expect(take(8, 20)).not.toEqual(cars.slice(0, 20));
    expect(cars.map(({ id }) => id)).toEqual(cars.map((_, index) => index + 1));
  });

  test('hang together: older cars have run further, cost less, and are priced like Fords', async () => {
    const prices = await model.predict(cars.map(features), signal);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const of = (year: number) => cars.flatMap((car, row) => (car.year === year ? [{ car, price: prices[row]! }] : []));
    const years = [2014, 2016, 2018, 2019].map(of);
    const mileages = years.map((listed) => mean(listed.map(({ car }) => car.mileage)));
    const averages = years.map((listed) => mean(listed.map(({ price }) => price)));
    expect(mileages).toEqual(mileages.toSorted((a, b) => b - a));
    expect(averages).toEqual(averages.toSorted((a, b) => a - b));
    expect(mean(prices)).toBeGreaterThan(10_000);
    expect(mean(prices)).toBeLessThan(15_000);
  });
});
