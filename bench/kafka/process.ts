/** Contenders are processes: each is told its job when it starts, works until it is told to end, and ends in order. */
import { spawn } from 'node:child_process';

const ENDED_WITHIN_MS = 20_000;
/** Characters of what it printed that an error quotes. */
const QUOTED = 2_000;

export interface Running {
  /** Rejects when it ends without having been told to. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Starts a program. SIGTERM tells it to end. */
export function start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-QUOTED);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let toldToEnd = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const failed = ended.then((how) => {
    if (toldToEnd) return new Promise<never>(() => {});
    throw new Error(`${program} ${args.slice(0, 4).join(' ')} … ended with ${how}; it printed: ${printed}`);
  });
  failed.catch(() => {}); // whoever waits for it is told
  return {
    failed,
    async stop() {
      toldToEnd = true;
      child.kill('SIGTERM');
      const killing = setTimeout(() => child.kill('SIGKILL'), ENDED_WITHIN_MS);
      await ended;
      clearTimeout(killing);
    },
  };
}
