import { runMarbles } from './run-marbles.js';
import { peekCases } from './tables/peek.js';

runMarbles('peek', peekCases);
