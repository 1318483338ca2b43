/**
 * A connection in replication mode: the server sends the log, we say how far it is done.
 *
 * R1. Messages are handled one after the other in the order of the log, keepalives among them; a handler that returns a
 *     promise halts reading until it is resolved. So a keepalive is seen only when everything before it is handled.
 * R2. What is acknowledged is exactly the position given: the server keeps the log from there. One byte more would be
 *     the loss of a transaction whose commit record begins there, which is why pg-logical-replication's own service,
 *     which adds one, is not used; its reading of pgoutput's messages is.
 * R3. Acknowledging works while reading is halted, so that the server does not take us for dead.
 *
 * Source: PostgreSQL, "Streaming Replication Protocol" and "Logical Replication Message Formats".
 */
import { type Pgoutput, PgoutputPlugin } from 'pg-logical-replication';
import { asError } from '../../errors.js';
import type { CaptureSettings } from './capture-config.js';
import { type Connection, connect, disconnect } from './connection.js';
import { formatLsn, lsnOf, writeLsn } from './log-position.js';

export interface ReplicationHandler {
  /** `lsn` is where the change is in the log. Reading waits for a promise. */
  onMessage(lsn: number, message: Pgoutput.Message): Promise<void> | undefined;
  /** Everything before `logEnd` that concerns us has been sent. */
  onKeepalive(logEnd: number, replyRequested: boolean): void;
}

/** The part of pg's connection that its types leave out. */
interface Wire {
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

const XLOG_DATA = 0x77;
const KEEPALIVE = 0x6b;
/** Microseconds between 1970, Unix's epoch, and 2000, PostgreSQL's. */
const EPOCH_2000_MS = 946_684_800_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** PostgreSQL's messages with every column as text: types are read by the capture. */
class TextPlugin extends PgoutputPlugin {
  override parse(buffer: Buffer): Pgoutput.Message {
    const message = super.parse(buffer);
    if (message.tag === 'relation') for (const column of message.columns) column.parser = (text: string) => text;
    return message;
  }
}

export class ReplicationConnection {
  readonly #connection: Connection;
  readonly #wire: Wire;
  #failed: (error: Error) => void = () => {};
  #streaming: Promise<void> | undefined;
  #halted = false;
  #closing = false;
  readonly #waiting: Buffer[] = [];
  #plugin: TextPlugin | undefined;
  #handler: ReplicationHandler | undefined;
  #received = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#wire = (connection.client as unknown as { readonly connection: Wire }).connection;
  }

  static async open(settings: CaptureSettings, onLost: (error: Error) => void): Promise<ReplicationConnection> {
    return new ReplicationConnection(await connect(settings, 'replication', onLost));
  }

  /** Runs a command of the replication protocol. */
  async query<R extends object>(command: string): Promise<readonly R[]> {
    return (await this.#connection.client.query<R & Record<string, unknown>>(command)).rows;
  }

  /**
   * Streams changes to the handler.
   *
   * @returns resolves when `close` was called; rejects when the connection breaks or the handler throws
   */
  stream(slot: string, publication: string, from: number, handler: ReplicationHandler): Promise<void> {
    this.#handler = handler;
    this.#received = from;
    this.#plugin = new TextPlugin({ protoVersion: 1, publicationNames: [publication] });
    this.#wire.on('copyData', ({ chunk }) => this.#receive(chunk));
    const failure = new Promise<never>((_resolve, reject) => {
      this.#failed = reject;
    });
    const ended = this.#plugin.start(this.#connection.client, slot, formatLsn(from)).then(() => {
      if (!this.#closing) throw new Error('Connection terminated: the server ended the replication');
    });
    this.#streaming = Promise.race([ended, failure]);
    return this.#streaming;
  }

  #receive(chunk: Buffer): void {
    if (this.#closing) return;
    if (this.#halted) this.#waiting.push(chunk);
    else this.#handle(chunk);
  }

  #handle(chunk: Buffer): void {
    try {
      const done = this.#dispatch(chunk);
      if (done === undefined) return;
      this.#halted = true;
      this.#connection.socket.pause();
      done.then(
        () => this.#goOn(),
        (error: unknown) => this.#failed(asError(error)),
      );
    } catch (error) {
      this.#halted = true;
      this.#failed(asError(error));
    }
  }

  #goOn(): void {
    this.#halted = false;
    while (!this.#halted) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) {
        this.#connection.socket.resume();
        return;
      }
      this.#handle(chunk);
    }
  }

  #dispatch(chunk: Buffer): Promise<void> | undefined {
    const position = lsnOf(chunk.readUInt32BE(1), chunk.readUInt32BE(5));
    if (chunk[0] === XLOG_DATA) {
      if (position > this.#received) this.#received = position;
      return this.#handler!.onMessage(position, this.#plugin!.parse(chunk.subarray(25)));
    }
    if (chunk[0] === KEEPALIVE) {
      if (position > this.#received) this.#received = position;
      this.#handler!.onKeepalive(position, chunk[17] === 1);
      return undefined;
    }
    throw new Error(`The server sent a replication message of the unknown kind ${chunk[0]}`);
  }

  /**
   * Says that the log before `done` is no longer needed.
   *
   * @param ask whether the server shall answer with a keepalive
   */
  acknowledge(done: number, ask: 'answer' | 'silent', nowMs: number): void {
    if (this.#streaming === undefined || this.#closing || !this.#connection.socket.writable) return;
    const status = Buffer.alloc(34);
    status[0] = 0x72;
    writeLsn(status, Math.max(this.#received, done), 1);
    writeLsn(status, done, 9);
    writeLsn(status, done, 17);
    status.writeBigInt64BE(BigInt(nowMs - EPOCH_2000_MS) * 1_000n, 25);
    status[33] = ask === 'answer' ? 1 : 0;
    this.#wire.sendCopyFromChunk(status);
  }

  /** Ends the stream in order, so that the last acknowledgement is read by the server, and the connection. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#waiting.length = 0;
    if (this.#streaming !== undefined && this.#connection.socket.writable) {
      this.#connection.socket.resume();
      this.#wire.endCopyFrom();
      const giveUp = setTimeout(() => this.#connection.socket.destroy(), CLOSE_TIMEOUT_MS);
      // However it ended: the one who called `stream` is told.
      await this.#streaming.catch(() => undefined);
      clearTimeout(giveUp);
    }
    await disconnect(this.#connection);
  }
}
