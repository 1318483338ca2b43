import { BrokerError } from '../../errors.js';

/** A call that the port does not allow at this moment: the program is wrong, and trying again does not help. */
export const misuse = (what: string): BrokerError => new BrokerError(`${what}.`, 'fatal', 'STATE');
