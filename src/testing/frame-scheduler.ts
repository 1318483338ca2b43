/**
 * RxJS's TestScheduler, flushed frame by frame, with a turn for promises between the frames.
 *
 * `TestScheduler.run` is synchronous: what a promise brings would come after the test. Here `run` only sets things up;
 * `flushFrames` then plays the frames, with RxJS's own timers still in virtual time.
 */

import { dateTimestampProvider } from 'rxjs/internal/scheduler/dateTimestampProvider';
import { immediateProvider } from 'rxjs/internal/scheduler/immediateProvider';
import { intervalProvider } from 'rxjs/internal/scheduler/intervalProvider';
import { timeoutProvider } from 'rxjs/internal/scheduler/timeoutProvider';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Clock, Timer } from '../clock.js';

/** Actions after which a test is taken for one that never ends. */
const MOST_ACTIONS = 100_000;

export class FrameScheduler extends TestScheduler {
  #endOfTick: (() => void)[] = [];

  constructor() {
    super(() => {
      throw new Error('use expectRecords() in marbles(): expectObservable() knows nothing of promises');
    });
  }

  /** Virtual milliseconds are frames. */
  readonly clock: Clock = {
    now: () => this.frame,
    after: (delayMs, callback): Timer => {
      const action = this.schedule(callback, delayMs);
      return { cancel: () => action.unsubscribe() };
    },
    endOfTick: (callback) => {
      this.#endOfTick.push(callback);
    },
  };

  /** `run` calls this at its end; the frames are played by `flushFrames`. */
  override flush(): void {}

  /**
   * Sets a test up with `declare`, then plays its frames.
   *
   * @throws Error when actions never end: something reschedules itself for ever
   */
  async play(declare: (helpers: RunHelpers) => void): Promise<void> {
    let restore = (): void => {};
    this.run((helpers) => {
      restore = keepVirtualTime();
      declare(helpers);
    });
    restore();
    try {
      await this.#flushFrames();
    } finally {
      backToRealTime();
    }
  }

  async #flushFrames(): Promise<void> {
    for (const hot of this.hotObservables.splice(0)) hot.setup();
    await this.#endTick();
    for (let played = 0; this.actions.length > 0; played += 1) {
      if (played > MOST_ACTIONS)
        throw new Error(`after ${MOST_ACTIONS} virtual actions there are still more: is there a timer without an end?`);
      const action = this.actions.shift()!;
      const frame = action.delay;
      this.frame = frame;
      const error: unknown = action.execute(action.state, action.delay);
      if (error) throw error;
      if (this.actions[0]?.delay !== frame) await this.#endTick();
    }
  }

  /** Promises first, then what waits for the end of the tick, until nothing more happens. */
  async #endTick(): Promise<void> {
    let callbacks: readonly (() => void)[];
    do {
      await new Promise((resolve) => realSetImmediate(resolve));
      callbacks = this.#endOfTick.splice(0);
      for (const callback of callbacks) callback();
    } while (callbacks.length > 0);
  }
}

const realSetImmediate = setImmediate;

/** @returns puts RxJS's timers back into the virtual time that they are in now */
function keepVirtualTime(): () => void {
  const interval = intervalProvider.delegate;
  const immediate = immediateProvider.delegate;
  const date = dateTimestampProvider.delegate;
  const timeout = timeoutProvider.delegate;
  return () => {
    intervalProvider.delegate = interval;
    immediateProvider.delegate = immediate;
    dateTimestampProvider.delegate = date;
    timeoutProvider.delegate = timeout;
  };
}

function backToRealTime(): void {
  intervalProvider.delegate = undefined;
  immediateProvider.delegate = undefined;
  dateTimestampProvider.delegate = undefined;
  timeoutProvider.delegate = undefined;
}
