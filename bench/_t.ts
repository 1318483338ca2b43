import { benchOperators } from './operators.js';
benchOperators();
