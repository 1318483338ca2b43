/** The engines that used Fords are listed with, and how often. Drawn from the listings that the model was trained on. */
export interface Variant {
  readonly model: string;
  /** Share among listings, in per mille. */
  readonly share: number;
  /** First and last model year; most are of the later ones. */
  readonly years: readonly [number, number];
  readonly fueltype: 'Petrol' | 'Diesel' | 'Hybrid';
  /** Litres. */
  readonly enginesize: number;
  /** Miles to the gallon: what is usual, and how far listings stray from it. */
  readonly mpg: number;
  readonly mpgDeviation: number;
  /** Share of cars that are not manual. */
  readonly automatic: number;
}

type Row = readonly [
  share: number,
  years: readonly [number, number],
  fueltype: Variant['fueltype'],
  enginesize: number,
  mpg: number,
  mpgDeviation: number,
  automatic: number,
];

const ENGINES: Readonly<Record<string, readonly Row[]>> = {
  Fiesta: [
    [240, [2013, 2020], 'Petrol', 1, 65.7, 4.5, 0.09],
    [31, [2017, 2019], 'Petrol', 1.1, 64.2, 5.5, 0],
    [52, [2009, 2017], 'Petrol', 1.2, 54.3, 1.6, 0],
    [19, [2013, 2020], 'Diesel', 1.5, 78.5, 4, 0],
    [15, [2010, 2017], 'Petrol', 1.6, 47.9, 0.7, 0.31],
    [5, [2018, 2020], 'Petrol', 1.5, 40.3, 0.1, 0],
  ],
  Focus: [
    [121, [2012, 2020], 'Petrol', 1, 60.1, 3.6, 0.11],
    [59, [2014, 2020], 'Diesel', 1.5, 74.3, 4.2, 0.12],
    [21, [2012, 2019], 'Petrol', 2, 41.5, 0.9, 0],
    [20, [2011, 2020], 'Diesel', 2, 67.3, 5.2, 0.27],
    [10, [2015, 2020], 'Petrol', 1.5, 50.4, 4.8, 0.4],
    [9, [2008, 2015], 'Diesel', 1.6, 67.3, 2.5, 0],
    [8, [2007, 2017], 'Petrol', 1.6, 44.8, 2.9, 0.46],
    [3, [2016, 2019], 'Petrol', 2.3, 34.5, 1, 0],
  ],
  Kuga: [
    [76, [2010, 2020], 'Diesel', 2, 54.3, 7, 0.19],
    [25, [2014, 2020], 'Petrol', 1.5, 38.2, 4.8, 0.37],
    [20, [2016, 2020], 'Diesel', 1.5, 64.2, 5.8, 0.11],
  ],
  EcoSport: [
    [48, [2014, 2020], 'Petrol', 1, 53.3, 2.5, 0.12],
    [8, [2014, 2019], 'Diesel', 1.5, 64.2, 3.6, 0],
    [7, [2014, 2018], 'Petrol', 1.5, 44.8, 2.6, 0.39],
  ],
  'C-MAX': [
    [14, [2014, 2019], 'Diesel', 1.5, 68.9, 2.7, 0.23],
    [9, [2013, 2019], 'Petrol', 1, 55.4, 2.3, 0],
    [3, [2008, 2016], 'Petrol', 1.6, 44.1, 1, 0],
  ],
  'Ka+': [[30, [2016, 2019], 'Petrol', 1.2, 57.7, 5, 0]],
  Mondeo: [
    [19, [2009, 2020], 'Diesel', 2, 64.2, 6, 0.26],
    [3, [2015, 2019], 'Diesel', 1.5, 78.5, 2.2, 0],
    [3, [2015, 2019], 'Petrol', 1.5, 48.7, 2.2, 0.38],
    [1, [2015, 2020], 'Hybrid', 2, 67.3, 3, 1],
  ],
  'B-MAX': [
    [9, [2012, 2018], 'Petrol', 1, 55.4, 1.1, 0],
    [5, [2012, 2017], 'Petrol', 1.6, 44.1, 0, 1],
    [3, [2013, 2017], 'Diesel', 1.5, 74.4, 2, 0],
  ],
  'S-MAX': [[14, [2011, 2020], 'Diesel', 2, 54.3, 3.5, 0.37]],
  'Grand C-MAX': [
    [7, [2014, 2019], 'Diesel', 1.5, 64.2, 2.7, 0.21],
    [4, [2012, 2018], 'Petrol', 1, 54.3, 2.7, 0],
  ],
  Galaxy: [[12, [2012, 2019], 'Diesel', 2, 56.5, 2.9, 0.34]],
  Edge: [[11, [2016, 2019], 'Diesel', 2, 47.9, 4.5, 0.65]],
  KA: [[10, [2008, 2016], 'Petrol', 1.2, 57.7, 2.8, 0]],
  Puma: [[4, [2019, 2020], 'Petrol', 1, 50.4, 0.5, 0.1]],
  'Tourneo Custom': [[3, [2016, 2019], 'Diesel', 2, 40, 3, 0.15]],
  Mustang: [
    [2, [2016, 2020], 'Petrol', 5, 23, 0.8, 0.66],
    [1, [2016, 2020], 'Petrol', 2.3, 30.7, 1.8, 0.73],
  ],
};

export const VARIANTS: readonly Variant[] = Object.entries(ENGINES).flatMap(([model, engines]) =>
  engines.map(([share, years, fueltype, enginesize, mpg, mpgDeviation, automatic]) => ({
    model,
    share,
    years,
    fueltype,
    enginesize,
    mpg,
    mpgDeviation,
    automatic,
  })),
);
