import { runMarbles } from './run-marbles.js';
import { flatMapValuesCases } from './tables/flat-map-values.js';

runMarbles('flatMapValues', flatMapValuesCases);
