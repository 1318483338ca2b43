import { runMarbles } from './run-marbles.js';
import { mapValuesCases } from './tables/map-values.js';

runMarbles('mapValues', mapValuesCases);
