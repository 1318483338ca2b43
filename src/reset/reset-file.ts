import { ConfigurationError } from '../errors.js';
import type { ResetFile } from './reset.js';

/**
 * Reads offsets from a file in the format of Kafka's tools: `topic,partition,offset`, a line each.
 *
 * @param name of the file, for the message
 * @throws ConfigurationError naming the line that is wrong
 * @example
 * parseResetFile('cars,0,120\ncars,1,97', 'offsets.csv');
 */
export function parseResetFile(text: string, name: string): ResetFile {
  const offsets = text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parts = /^"?([A-Za-z0-9._-]+)"?,(\d+),(\d+)$/.exec(line.trim());
    if (parts === null) {
      throw new ConfigurationError(
        `--from-file ${name}: line ${index + 1} is '${line.trim()}', and not topic,partition,offset`,
        'from-file',
      );
    }
    return [{ topic: parts[1]!, partition: Number(parts[2]), offset: Number(parts[3]) }];
  });
  return { kind: 'file', offsets };
}
