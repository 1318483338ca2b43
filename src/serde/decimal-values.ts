/** Decimals as users give them: texts, numbers, bigints. */
import { expected, wrong } from './connect-value-error.js';
import { decimalText, rescaled, unscaledOf } from './decimal.js';

/**
 * Gives the unscaled value of decimals at a scale.
 *
 * @param precision the most digits that a value may have, all together; undefined: any number
 * @returns a function that throws a ConnectValueError when digits would be lost, or are too many
 */
export function unscaledAt(scale: number, precision: number | undefined): (value: unknown) => bigint {
  const limit = precision !== undefined && Number.isInteger(precision) ? 10n ** BigInt(precision) : undefined;
  return (value) => {
    const unscaled = atScale(decimalOf(value), scale);
    if (limit !== undefined && (unscaled >= limit || unscaled <= -limit)) {
      throw wrong(`${decimalText(unscaled, scale)} has more than the ${precision} digits of its precision`);
    }
    return unscaled;
  };
}

/** A decimal as users give it, taken apart. @throws ConnectValueError when it is none */
export function decimalOf(value: unknown): ReturnType<typeof unscaledOf> {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    throw wrong(expected('a decimal, as a text or a number,', value));
  }
  return orWrong(() => unscaledOf(value));
}

/** The unscaled value at a scale. @throws ConnectValueError when digits would be lost */
export function atScale(value: ReturnType<typeof unscaledOf>, scale: number): bigint {
  return orWrong(() => rescaled(value, scale));
}

function orWrong<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}
