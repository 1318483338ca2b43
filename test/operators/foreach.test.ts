import { runMarbles } from './run-marbles.js';
import { foreachCases } from './tables/foreach.js';

runMarbles('foreach', foreachCases);
