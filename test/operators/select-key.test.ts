import { runMarbles } from './run-marbles.js';
import { selectKeyCases } from './tables/select-key.js';

runMarbles('selectKey', selectKeyCases);
