/** SIGINT and SIGTERM: the first drains, a second one stops at once. */
export interface Shutdown {
  /** Called once. */
  drain(): void;
  /** Called when the user will not wait. */
  stop(): void;
}

/** @returns stops listening */
export function onSignals({ drain, stop }: Shutdown): () => void {
  let asked = 0;
  const listener = () => {
    asked += 1;
    if (asked === 1) drain();
    else if (asked === 2) stop();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
