/** Kinds of flags that several commands have. */
import { InvalidArgumentError, Option } from 'commander';

/** A flag that may be given several times; its value is the list of what was given, empty where it was not. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser((text: string, before: readonly string[]) => [...before, text])
    .default([], 'none');
}

/** The value of a flag that counts something. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}
