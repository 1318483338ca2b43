import { BrokerError } from '../../errors.js';

/** For whom a sink waits, in words, by the reason for which it does. */
export function awaited(reason: Error | undefined): 'the database' | 'the schema registry' | 'the broker' {
  if (!(reason instanceof BrokerError)) return 'the database';
  return reason.code === 'REGISTRY' ? 'the schema registry' : 'the broker';
}
