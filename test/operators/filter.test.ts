import { runMarbles } from './run-marbles.js';
import { filterCases } from './tables/filter.js';

runMarbles('filter', filterCases);
