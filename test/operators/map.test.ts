import { runMarbles } from './run-marbles.js';
import { mapCases } from './tables/map.js';

runMarbles('map', mapCases);
