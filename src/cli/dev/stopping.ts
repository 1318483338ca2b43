/**
 * Stops one part after the other, every one of them, whatever fails.
 *
 * @throws the first failure, when all are stopped
 */
export async function stopEach(stops: Iterable<() => Promise<void>>): Promise<void> {
  let failure: { readonly thrown: unknown } | undefined;
  for (const stop of stops) {
    try {
      await stop();
    } catch (thrown) {
      failure ??= { thrown };
    }
  }
  if (failure !== undefined) throw failure.thrown;
}
