import { runMarbles } from './run-marbles.js';
import { processValuesCases } from './tables/process-values.js';

runMarbles('processValues', processValuesCases);
