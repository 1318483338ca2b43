import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { ConfigurationError } from '../errors.js';
import type { ApplicationMetrics } from './application-metrics.js';
import type { Health, HealthReport } from './health.js';

/** Where to serve. */
export interface MetricsAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** A server that answers. */
export interface MetricsServer {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/health/live` and `/health/ready`.
 *
 * @throws ConfigurationError when the address cannot be listened on
 */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  metrics: ApplicationMetrics,
  health: Health,
): Promise<MetricsServer> {
  const app = new Hono();
  app.get('/metrics', async (c) => c.text(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  app.get('/health/live', (c) => answer(c, 'live', health.live()));
  app.get('/health/ready', (c) => answer(c, 'ready', health.ready()));
  const server = await listening(app, host, port);
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Prometheus keeps its connection open.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

function listening(app: Hono, host: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, () => resolve(server));
    server.once('error', (error) => {
      const message = `metrics.port: ${host}:${port} cannot be listened on (${error.message}); choose another`;
      reject(new ConfigurationError(message, 'metrics.port', { cause: error }));
    });
  });
}

function answer(c: Context, question: 'live' | 'ready', { ok, state, because }: HealthReport): Response {
  return c.json({ [question]: ok, state, because }, ok ? 200 : 503);
}
