/** SIGINT and SIGTERM: the first drains, a second one stops at once, a third ends the process where it stands. */
export interface Shutdown {
  /** Called once. */
  drain(): void;
  /** Called when the user will not wait. */
  stop(): void;
}

/**
 * One press of Ctrl-C may come twice: the terminal sends it to npm and to us, and npm passes on what it gets. Nobody
 * presses again so soon (milliseconds).
 */
const SAME_KEY_PRESS_MS = 100;

/** @returns stops listening */
export function onSignals({ drain, stop }: Shutdown): () => void {
  let asked = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  const listener = (signal: NodeJS.Signals) => {
    const again = performance.now() - askedAt < SAME_KEY_PRESS_MS;
    if (signal === 'SIGINT' && process.stdin.isTTY && again) return;
    askedAt = performance.now();
    asked += 1;
    if (asked === 1) return drain();
    quiet();
    stop();
  };
  const quiet = () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return quiet;
}
