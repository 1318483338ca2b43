import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as the service saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Reply = (seen: Seen, response: ServerResponse, socket: Socket) => void | Promise<void>;

/** An HTTP server on this machine whose answers a test gives; it can go away and come back on the same port. */
export class FakeService {
  readonly seen: Seen[] = [];
  /** Answers POST. */
  reply: Reply;
  /** Status of the answers to GET: is it ready? */
  health = 200;
  /** Body of the answers to GET. */
  metadata: object = {};
  #server: Server | undefined;
  #port = 0;

  constructor(reply: Reply) {
    this.reply = reply;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Bodies of the POSTs so far. */
  get asked(): unknown[] {
    return this.seen.filter(({ method }) => method === 'POST').map(({ body }) => body);
  }

  async up(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    const seen = { method, path: url, headers, body: text === '' ? undefined : JSON.parse(text) };
    this.seen.push(seen);
    if (method === 'GET') response.writeHead(this.health).end(JSON.stringify(this.metadata));
    else await this.reply(seen, response, request.socket);
  }
}

export function json(response: ServerResponse, answer: unknown, status = 200, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer));
}
