import { model } from 'millrace';
import type { FordFeatures } from './features.js';

/** The price of a used Ford in pounds. */
export const fordPrice = model<FordFeatures, number>('ford-price');

export { type DescribedCar, type FordFeatures, features } from './features.js';
