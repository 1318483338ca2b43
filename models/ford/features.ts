/** What the model `ford-price` is asked about. Null is "not known": see `ford_price.json`. */
export interface FordFeatures {
  readonly model: string | null;
  readonly year: number | null;
  readonly transmission: string | null;
  /** Miles. */
  readonly mileage: number | null;
  readonly fueltype: string | null;
  /** Pounds a year. */
  readonly tax: number | null;
  /** Miles to the gallon. */
  readonly mpg: number | null;
  /** Litres. */
  readonly enginesize: number | null;
}

/** The columns of a listing that the features come from. A column that is not there counts as null. */
export interface DescribedCar {
  readonly model?: string | null;
  readonly year?: number | null;
  readonly transmission?: string | null;
  readonly mileage?: number | null;
  readonly fueltype?: string | null;
  /** `numeric(8,2)` in the database, which may arrive as the text of a decimal. */
  readonly tax?: number | string | null;
  readonly mpg?: number | null;
  readonly enginesize?: number | null;
}

/**
 * The features of a listed car. Blanks around a text do not count, as in the trainer: ' Focus' is a 'Focus'.
 *
 * @throws {TypeError} when the tax is a text that is no number
 */
export function features(car: DescribedCar): FordFeatures {
  return {
    model: car.model?.trim() ?? null,
    year: car.year ?? null,
    transmission: car.transmission?.trim() ?? null,
    mileage: car.mileage ?? null,
    fueltype: car.fueltype?.trim() ?? null,
    tax: decimal('tax', car.tax),
    mpg: car.mpg ?? null,
    enginesize: car.enginesize ?? null,
  };
}

function decimal(column: string, value: number | string | null | undefined): number | null {
  if (value === null || value === undefined || typeof value === 'number') return value ?? null;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(number)) throw new TypeError(`${column} '${value}' is not a number`);
  return number;
}
