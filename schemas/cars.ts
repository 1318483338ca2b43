import { changes, float64, table } from 'millrace';

/** The key of `car_data`. */
export interface CarKey {
  readonly id: number;
}

/** A row of `car_data`. */
export interface Car extends CarKey {
  readonly model: string | null;
  readonly year: number | null;
  readonly transmission: string | null;
  readonly mileage: number | null;
  readonly fueltype: string | null;
  readonly tax: number | null;
  readonly mpg: number | null;
  readonly enginesize: number | null;
}

/** A row of `car_data_predicted`: whatever columns the car has, and its price. */
export interface PricedCar extends Car {
  /** Pounds. */
  readonly suggestedprice: number;
}

export const carChanges = changes<Car, CarKey>('car_database.public.car_data');

export const pricedCars = table<PricedCar, CarKey>(
  'car_data_predicted',
  carChanges.row.plus({ suggestedprice: float64 }),
);
