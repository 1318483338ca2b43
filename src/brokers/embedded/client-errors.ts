import { BrokerError } from '../../errors.js';

/** A call that the order of calls does not allow: the caller's program is wrong. */
export function misuse(message: string): BrokerError {
  return new BrokerError(message, 'fatal', 'STATE');
}

/** What a client is told that was closed. */
export function clientClosed(what: string): BrokerError {
  return new BrokerError(`This ${what} is closed; open another one.`, 'fatal', 'CLOSED');
}

/** What clients are told that outlive their broker. */
export function brokerClosed(): BrokerError {
  return new BrokerError('The embedded broker is closed. Open it again, then new clients.', 'fatal', 'CLOSED');
}
