/** Writing to a stream that somebody else may close: `npm start | head` ends the reader, not the application. */
import type { Writable } from 'node:stream';

/** A terminal has these; a file or a pipe has not. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface OutputWriter {
  write(text: string): void;
  close(): void;
}

export function outputWriter(out: Output): OutputWriter {
  let open = true;
  const onError = (error: NodeJS.ErrnoException): void => {
    open = false;
    // The reader is gone. Anything else (a full disk) is told to whoever listens, or ends the process as it would have.
    if (error.code !== 'EPIPE') throw error;
  };
  out.on('error', onError);
  return {
    write(text) {
      if (open && !out.writableEnded) out.write(text);
    },
    close() {
      open = false;
    },
  };
}
