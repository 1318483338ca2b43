import { runMarbles } from './run-marbles.js';
import { filterNotCases } from './tables/filter-not.js';

runMarbles('filterNot', filterNotCases);
