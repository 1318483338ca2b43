import { runMarbles } from './run-marbles.js';
import { enrichCases } from './tables/enrich.js';

runMarbles('enrich', enrichCases);
