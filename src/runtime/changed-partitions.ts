import { ConfigurationError } from '../errors.js';

/** An input with another number of partitions than its internal topics were made for. */
export interface ChangedPartitions {
  readonly input: string;
  /** `3 partitions now`, `more partitions now`. */
  readonly now: string;
  /** How many the internal topic has. */
  readonly began: number;
  readonly internal: string;
  readonly applicationId: string;
}

/** Why it cannot go on, and what to do. */
export function changedPartitions(changed: ChangedPartitions): ConfigurationError {
  const { input, now, began, internal, applicationId } = changed;
  return new ConfigurationError(
    `the input topic '${input}' has ${now}, and '${applicationId}' began with ${began} of them ` +
      `(its topic '${internal}' has as many): keys lie in other partitions than their state. Begin anew under another ` +
      `application.id, or delete the internal topics and the local state of this one`,
    input,
  );
}
