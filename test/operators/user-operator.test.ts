import { runMarbles } from './run-marbles.js';
import { userOperatorCases } from './tables/user-operator.js';

runMarbles('operator', userOperatorCases);
