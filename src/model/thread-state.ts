/**
 * What a thread with native code in it is doing, in memory that it shares with the main one.
 *
 * A process that exits tears its threads down wherever they are, and native code that then wants to make a JavaScript
 * object aborts the process. So the exit waits for the piece of work under way, and no other begins.
 */

const IDLE = 0;
const WORKING = 1;
const STOPPED = 2;

export type SharedState = Int32Array<SharedArrayBuffer>;

/** A thread that is working: it starts with loading. */
export function workingState(): SharedState {
  const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  state[0] = WORKING;
  return state;
}

/** In the thread: a piece of work begins. False when none may begin any more. */
export function beginWork(state: SharedState): boolean {
  return Atomics.compareExchange(state, 0, IDLE, WORKING) === IDLE;
}

/** In the thread: the piece of work is over. */
export function endWork(state: SharedState): void {
  Atomics.store(state, 0, IDLE);
  Atomics.notify(state, 0);
}

/**
 * In the main thread: waits, blocking, until no work is under way, and lets none begin.
 *
 * @param longestMs how long to wait at most
 */
export function stopWork(state: SharedState, longestMs: number): void {
  const until = Date.now() + longestMs;
  while (Atomics.compareExchange(state, 0, IDLE, STOPPED) === WORKING) {
    const left = until - Date.now();
    if (left <= 0) return;
    Atomics.wait(state, 0, WORKING, left);
  }
}
