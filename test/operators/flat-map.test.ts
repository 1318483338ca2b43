import { runMarbles } from './run-marbles.js';
import { flatMapCases } from './tables/flat-map.js';

runMarbles('flatMap', flatMapCases);
