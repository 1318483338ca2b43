/** The registry's HTTP server: JSON in and out, on this machine alone. */
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { asError } from '../../errors.js';
import { stringifyJson } from '../../serde/json-text.js';
import { REGISTRY_MEDIA_TYPE } from '../rest.js';
import type { RegistryCalls } from './calls.js';
import type { Request } from './request.js';
import { RestError } from './rest-error.js';
import type { SettingsCalls } from './settings-calls.js';

type Handler = (request: Request) => unknown;
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A schema of many thousand columns is smaller. */
const MOST_BYTES = 10 * 1024 * 1024;

/** The paths that the registry answers. */
function routes(calls: RegistryCalls, settings: SettingsCalls): readonly (readonly [Method, string, Handler])[] {
  const one = '/subjects/:subject/versions/:version';
  return [
    ['GET', '/', () => ({})],
    ['GET', '/schemas/types', calls.types],
    ['GET', '/schemas/ids/:id', calls.schemaById],
    ['GET', '/schemas/ids/:id/schema', calls.schemaTextById],
    ['GET', '/schemas/ids/:id/subjects', calls.subjectsOfSchema],
    ['GET', '/schemas/ids/:id/versions', calls.versionsOfSchema],
    ['GET', '/schemas/guids/:guid', calls.schemaByGuid],
    ['GET', '/subjects', calls.names],
    ['POST', '/subjects/:subject', calls.lookUp],
    ['DELETE', '/subjects/:subject', calls.deleteSubject],
    ['GET', '/subjects/:subject/versions', calls.versions],
    ['POST', '/subjects/:subject/versions', calls.register],
    ['GET', one, calls.version],
    ['DELETE', one, calls.deleteVersion],
    ['GET', `${one}/schema`, calls.versionText],
    ['POST', '/compatibility/subjects/:subject/versions', calls.compareWithAll],
    ['POST', '/compatibility/subjects/:subject/versions/:version', calls.compare],
    ['GET', '/config', settings.level],
    ['PUT', '/config', settings.setLevel],
    ['DELETE', '/config', settings.dropLevel],
    ['GET', '/config/:subject', settings.level],
    ['PUT', '/config/:subject', settings.setLevel],
    ['DELETE', '/config/:subject', settings.dropLevel],
    ['GET', '/mode', settings.mode],
    ['PUT', '/mode', settings.setMode],
    ['GET', '/mode/:subject', settings.mode],
    ['PUT', '/mode/:subject', settings.setMode],
  ];
}

/** Begins to listen. @throws what the system says when it cannot */
export function listen(calls: RegistryCalls, settings: SettingsCalls, host: string, port: number): Promise<ServerType> {
  const { fetch } = application(calls, settings);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: host, port }, () => resolve(server));
    server.once('error', reject);
  });
}

export function portOf(server: ServerType): number {
  return (server.address() as AddressInfo).port;
}

function application(calls: RegistryCalls, settings: SettingsCalls): Hono {
  const app = new Hono({ strict: false });
  const refuse = (c: Context, code: number, why: string) => refusal(c, new RestError(code, `HTTP ${code} ${why}`));
  const onMethodNotAllowed = (c: Context, methods: readonly string[]) =>
    refuse(c, 405, `Method Not Allowed: ${c.req.path} takes ${methods.join(', ')}`);
  app.use(methodNotAllowed({ app, onMethodNotAllowed }));
  const onError = (c: Context) => refuse(c, 413, `Content Too Large: more than ${MOST_BYTES} bytes`);
  app.use(bodyLimit({ maxSize: MOST_BYTES, onError }));
  for (const [method, path, handler] of routes(calls, settings)) {
    app.on(method, path, async (c) => json(c, 200, await handler(await requestOf(c))));
  }
  app.notFound((c) => refuse(c, 404, `Not Found: the registry has no ${c.req.path}`));
  app.onError((thrown, c) => refusal(c, thrown instanceof RestError ? thrown : ofOther(thrown)));
  return app;
}

async function requestOf(c: Context): Promise<Request> {
  const { pathname, searchParams: query } = new URL(c.req.url);
  // Refuses what cannot be decoded: the parts below would be given as they are.
  decodeURIComponent(pathname);
  const text = await c.req.text();
  try {
    return { parts: c.req.param(), query, body: text === '' ? undefined : JSON.parse(text) };
  } catch (thrown) {
    throw new RestError(400, `HTTP 400 Bad Request: the body is no JSON: ${asError(thrown).message}`);
  }
}

function ofOther(thrown: Error): RestError {
  if (thrown instanceof URIError) return new RestError(400, `HTTP 400 Bad Request: ${thrown.message}`);
  return new RestError(500, `Internal Server Error: ${thrown.message}`);
}

function refusal(c: Context, { status, code, message }: RestError): Response {
  return json(c, status, { error_code: code, message });
}

function json(c: Context, status: number, body: unknown): Response {
  return c.body(stringifyJson(body), status as 200, { 'content-type': REGISTRY_MEDIA_TYPE });
}
