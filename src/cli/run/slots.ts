/**
 * `--instances N`: processes of one group, kept running by this one.
 *
 *  1. One that ends is started again: at once where it had committed something, otherwise after a wait that doubles.
 *  2. A slot whose process ends `MOST_IN_VAIN` times in a row soon after its start, without having committed anything,
 *     is given up, and with it the run: the others are drained, and the exit code says so. A wrong setting or topology
 *     (exit code 2) is given up at once.
 *  3. The first SIGTERM or SIGINT drains all, a second one stops them at once, a third kills them.
 *  4. Processes end when this one is gone, however it went: each watches the channel to it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../clock.js';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
/** A process that ends sooner after its start, having committed nothing, was started in vain. */
const SOON_MS = 30_000;
const MOST_IN_VAIN = 5;
/** What was asked for cannot be done: it will not be next time either. */
const EXIT_USAGE = 2;

/** How the processes are started and who hears of them. */
export interface SlotsOptions {
  readonly count: number;
  /** The program, as `fork` takes it. */
  readonly program: string;
  /** Its arguments. */
  args(slot: number, restarts: number): readonly string[];
  readonly clock: Clock;
  /** A line that a process said. */
  line(slot: number, line: string): void;
  /** What happens to the processes, for a person. */
  told(level: 'info' | 'warn' | 'error', text: string, slot: number): void;
}

interface Slot {
  readonly number: number;
  process: ChildProcess | undefined;
  startedAt: number;
  hasCommitted: boolean;
  restarts: number;
  inVain: number;
  again: Timer | undefined;
}

export class Slots {
  readonly #options: SlotsOptions;
  readonly #slots: readonly Slot[];
  #ending: 'no' | 'drain' | 'stop' | 'kill' = 'no';
  #failure: string | undefined;
  #failureCode = 1;
  #ended: () => void = () => {};

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, number) => ({
      number,
      process: undefined,
      startedAt: 0,
      hasCommitted: false,
      restarts: 0,
      inVain: 0,
      again: undefined,
    }));
  }

  /** Why the run has ended, if nobody asked for it, and the exit code for it. */
  get failure(): { readonly message: string; readonly code: number } | undefined {
    return this.#failure === undefined ? undefined : { message: this.#failure, code: this.#failureCode };
  }

  /** Starts all; resolves when all have ended. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      for (const slot of this.#slots) this.#start(slot);
    });
  }

  drain(): void {
    this.#end('drain');
  }

  stop(): void {
    this.#end(this.#ending === 'stop' ? 'kill' : 'stop');
  }

  #end(how: 'drain' | 'stop' | 'kill'): void {
    this.#ending = how;
    for (const slot of this.#slots) {
      slot.again?.cancel();
      slot.again = undefined;
      slot.process?.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM');
    }
    this.#endIfNobodyIsLeft();
  }

  #start(slot: Slot): void {
    slot.again = undefined;
    const { program, args, clock, line } = this.#options;
    // A session of its own: Ctrl-C of a terminal reaches this process alone, which passes it on once.
    const child = fork(program, [...args(slot.number, slot.restarts)], { silent: true, detached: true });
    slot.process = child;
    slot.startedAt = clock.now();
    slot.hasCommitted = false;
    child.on('message', (message) => {
      if (message === 'committed') slot.hasCommitted = true;
    });
    for (const stream of [child.stdout!, child.stderr!]) eachLine(stream, (text) => line(slot.number, text));
    let failedToStart: Error | undefined;
    child.once('error', (error) => {
      failedToStart = error;
      if (child.pid === undefined) this.#gone(slot, error.message, 1);
    });
    child.once('close', (code, signal) => {
      if (failedToStart === undefined || child.pid !== undefined) {
        this.#gone(slot, signal === null ? `exit code ${code}` : signal, code ?? undefined);
      }
    });
  }

  #gone(slot: Slot, how: string, code: number | undefined): void {
    slot.process = undefined;
    if (this.#ending !== 'no') {
      // By SIGTERM: it had not come to handling signals yet, so nothing was in flight.
      if (code !== 0 && how !== 'SIGTERM') this.#fail(`instance ${slot.number} did not end as asked: ${how}`, 1);
      this.#endIfNobodyIsLeft();
      return;
    }
    if (code === EXIT_USAGE) {
      this.#giveUp(slot, `instance ${slot.number} cannot run as it was asked to; it says why above`, EXIT_USAGE);
      return;
    }
    const { clock, told } = this.#options;
    const lived = clock.now() - slot.startedAt;
    slot.inVain = slot.hasCommitted || lived >= SOON_MS ? 0 : slot.inVain + 1;
    if (slot.inVain >= MOST_IN_VAIN) {
      const often = `${MOST_IN_VAIN} times in a row within ${SOON_MS / 1_000} s of its start, having committed nothing`;
      this.#giveUp(slot, `instance ${slot.number} ended ${often}; at last with ${how}. It is not started again`, 1);
      return;
    }
    const wait = slot.inVain === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (slot.inVain - 1));
    slot.restarts += 1;
    told('warn', `instance ${slot.number} ended (${how}); it is started again in ${wait} ms`, slot.number);
    slot.again = clock.after(wait, () => this.#start(slot));
  }

  #giveUp(slot: Slot, why: string, code: number): void {
    this.#fail(why, code);
    const others = this.#slots.some((each) => each.process !== undefined);
    this.#options.told('error', `${why}${others ? '; the others finish what is in flight' : ''}`, slot.number);
    this.#end('drain');
  }

  #fail(why: string, code: number): void {
    if (this.#failure !== undefined) return;
    this.#failure = why;
    this.#failureCode = code;
  }

  #endIfNobodyIsLeft(): void {
    if (this.#slots.every(({ process }) => process === undefined)) this.#ended();
  }
}

function eachLine(stream: Readable, told: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', told);
}
