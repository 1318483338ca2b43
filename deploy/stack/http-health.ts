/** Whether an HTTP server answers. */

const ANSWERED_WITHIN_MS = 2_000;

/** Whether a GET of this address is answered with success. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Nobody listens, or nothing came in time: not healthy.
    return false;
  }
}
