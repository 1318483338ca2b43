/**
 * An output that cannot be written yet: its schema is being registered. Its record is not finished until it is, so it is
 * produced in its place, and what comes after it runs on meanwhile.
 */
import type { ProduceRequest } from '../brokers/port.js';
import { delay } from '../clock.js';
import { asError } from '../errors.js';
import type { Ticket } from '../operators/operator.js';
import { NO_HEADERS } from '../record.js';
import { NotReady } from '../serde/serde.js';
import { located } from './failure.js';
import type { Task } from './task.js';
import type { Output } from './unit.js';

const RETRY_MS = 200;

/** Holds the place of an output among the others of its record. */
export const UNWRITTEN: ProduceRequest = Object.freeze({
  topic: '',
  partition: undefined,
  key: null,
  value: null,
  timestamp: 0,
  headers: NO_HEADERS,
});

export class LaterOutput {
  readonly #task: Task;
  readonly #node: string;
  readonly #ticket: Ticket;
  readonly #output: Output;
  readonly #write: () => ProduceRequest;

  constructor(task: Task, node: string, ticket: Ticket, output: Output, write: () => ProduceRequest) {
    this.#task = task;
    this.#node = node;
    this.#ticket = ticket;
    this.#output = output;
    this.#write = write;
  }

  /** Writes it when that may succeed; tries again, and tells, as long as it may succeed later. */
  async when(ready: Promise<void>): Promise<void> {
    let next: Promise<void> | undefined = ready;
    while (next !== undefined) {
      try {
        await next;
      } catch (thrown) {
        this.#task.port.retrying?.(asError(thrown));
        await delay(this.#task.port.clock, RETRY_MS);
      }
      next = this.#tryNow();
    }
  }

  /** @returns what is to be waited for, when it cannot be written still */
  #tryNow(): Promise<void> | undefined {
    if (this.#ticket.stale) return undefined;
    let request: ProduceRequest;
    try {
      request = this.#write();
    } catch (thrown) {
      if (thrown instanceof NotReady) return thrown.ready;
      this.#task.fail(this.#ticket, located(thrown, this.#node, 'production'), undefined);
      return undefined;
    }
    this.#task.resume(this.#ticket, this.#node, () => this.#task.fill(this.#output, request));
    return undefined;
  }
}
