import { changePositions, predictionMemory } from 'millrace';
import type { CarKey } from '../schemas/cars.js';

/** The last change of each car that went through. */
export const delivered = changePositions<CarKey>('delivered');

/** What the model said of each car. */
export const predictions = predictionMemory<CarKey, number>('predictions');
