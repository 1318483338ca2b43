/** Takes a server along when the process that started it goes, however that goes: also by SIGKILL. */
import { spawn } from 'node:child_process';

/**
 * Kills the process `pid` when this process ends. A small shell waits at a pipe that closes by itself then; it runs in a
 * session of its own, so that Ctrl-C does not reach it first.
 *
 * @returns lets go: call it when the server has ended, because its id may be given to another process
 */
export function guard(pid: number): () => void {
  const script = `cat > /dev/null; kill -9 ${pid}`;
  const shell = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  // The pipe must not keep this process alive; its end is what the shell waits for.
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => void shell.kill('SIGKILL');
}
