/** In which format the records of a stack are: all of them in one, from its first start until its data are empty again. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inStack } from './folders.js';
import { FORMATS, type Format, StackError, type StartOptions } from './part.js';

/** Beside Kafka's data, to go with them. */
const file = (): string => inStack('data', 'kafka', 'format');

/**
 * The format of this stack: the one that is asked for, or that of the records that are there, or JSON with schema.
 *
 * @throws StackError when the records that are there have another one
 */
export async function chooseFormat(asked: Format | undefined, data: StartOptions['data']): Promise<Format> {
  const before = data === 'fresh' ? undefined : await rememberedFormat();
  if (before !== undefined && asked !== undefined && before !== asked) {
    throw new StackError(
      `The records of this stack are in ${before}, and ${asked} is asked for. ` +
        `Begin with empty data (npm run stack -- --fresh --format ${asked}), or go on with --format ${before}.`,
    );
  }
  return asked ?? before ?? FORMATS[0];
}

/** Writes down the format in which connectors write from now on. */
export async function rememberFormat(format: Format): Promise<void> {
  await mkdir(dirname(file()), { recursive: true });
  await writeFile(file(), `${format}\n`);
}

async function rememberedFormat(): Promise<Format | undefined> {
  try {
    const text = (await readFile(file(), 'utf8')).trim();
    return FORMATS.find((format) => format === text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
