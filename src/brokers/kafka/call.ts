import type { ClientError } from './errors.js';

/** The end of a call of the binding. */
type Done = (error?: ClientError | null) => void;

/** Calls the binding and resolves with its error, or undefined. */
export const call = (ask: (done: Done) => void): Promise<ClientError | undefined> =>
  new Promise((resolve) => ask((error) => resolve(error ?? undefined)));
