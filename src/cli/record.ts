import { recordTopic } from '../reading/recording.js';
import { atPlace, type PlaceFlags } from './broker-place.js';
import { type RangeFlags, rangeFrom } from './range-flags.js';

/** @throws ConfigurationError when there is no such topic, or the file cannot be written */
export async function record(
  topic: string,
  flags: PlaceFlags & Omit<RangeFlags, 'to'> & { readonly to: string; readonly limit?: number },
): Promise<void> {
  const { to: file, ...rest } = flags;
  const range = rangeFrom(rest);
  const limit = flags.limit === undefined ? {} : { limit: flags.limit };
  const records = await atPlace(flags, ({ broker }) => recordTopic(broker, topic, file, { ...range, ...limit }));
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ event: 'recorded', topic, file, records })}\n`
      : `${records.toLocaleString('en-US')} records of ${topic} are in ${file}\n`,
  );
}
