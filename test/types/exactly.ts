type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * Compiles when the value's type is `Expected`, and neither wider nor narrower.
 *
 * @example
 * isExactly<Stream<string, CarKey>>()(names, true);
 */
export function isExactly<Expected>() {
  return <Actual>(_value: Actual, _same: Equal<Actual, Expected>): void => undefined;
}
