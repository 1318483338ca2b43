/** The registry's HTTP server: JSON in and out, on this machine alone. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asError } from '../../errors.js';
import { stringifyJson } from '../../serde/json-text.js';
import { REGISTRY_MEDIA_TYPE } from '../rest.js';
import type { RegistryCalls } from './calls.js';
import { RestError } from './rest-error.js';
import { Router } from './router.js';
import type { SettingsCalls } from './settings-calls.js';

/** A schema of many thousand columns is smaller. */
const MOST_BYTES = 10 * 1024 * 1024;

/** The paths that the registry answers. */
function routes(calls: RegistryCalls, settings: SettingsCalls): Router {
  const one = '/subjects/{subject}/versions/{version}';
  return new Router()
    .on('GET', '/', () => ({}))
    .on('GET', '/schemas/types', calls.types)
    .on('GET', '/schemas/ids/{id}', calls.schemaById)
    .on('GET', '/schemas/ids/{id}/schema', calls.schemaTextById)
    .on('GET', '/schemas/ids/{id}/subjects', calls.subjectsOfSchema)
    .on('GET', '/schemas/ids/{id}/versions', calls.versionsOfSchema)
    .on('GET', '/schemas/guids/{guid}', calls.schemaByGuid)
    .on('GET', '/subjects', calls.names)
    .on('POST', '/subjects/{subject}', calls.lookUp)
    .on('DELETE', '/subjects/{subject}', calls.deleteSubject)
    .on('GET', '/subjects/{subject}/versions', calls.versions)
    .on('POST', '/subjects/{subject}/versions', calls.register)
    .on('GET', one, calls.version)
    .on('DELETE', one, calls.deleteVersion)
    .on('GET', `${one}/schema`, calls.versionText)
    .on('POST', '/compatibility/subjects/{subject}/versions', calls.compareWithAll)
    .on('POST', '/compatibility/subjects/{subject}/versions/{version}', calls.compare)
    .on('GET', '/config', settings.level)
    .on('PUT', '/config', settings.setLevel)
    .on('DELETE', '/config', settings.dropLevel)
    .on('GET', '/config/{subject}', settings.level)
    .on('PUT', '/config/{subject}', settings.setLevel)
    .on('DELETE', '/config/{subject}', settings.dropLevel)
    .on('GET', '/mode', settings.mode)
    .on('PUT', '/mode', settings.setMode)
    .on('GET', '/mode/{subject}', settings.mode)
    .on('PUT', '/mode/{subject}', settings.setMode);
}

/** Begins to listen. @throws what the system says when it cannot */
export async function listen(
  calls: RegistryCalls,
  settings: SettingsCalls,
  host: string,
  port: number,
): Promise<Server> {
  const router = routes(calls, settings);
  const server = createServer((request, response) => {
    // `answer` catches what goes wrong; what is left is a connection that is gone.
    void answer(router, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function answer(router: Router, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://registry');
    const found = router.find(request.method ?? 'GET', url.pathname);
    if (!('handler' in found)) {
      throw found.length === 0
        ? new RestError(404, `HTTP 404 Not Found: the registry has no ${url.pathname}`)
        : new RestError(405, `HTTP 405 Method Not Allowed: ${url.pathname} takes ${found.join(', ')}`);
    }
    const body = await bodyOf(request);
    send(response, 200, await found.handler({ parts: found.parts, query: url.searchParams, body }));
  } catch (thrown) {
    const error = thrown instanceof RestError ? thrown : ofOther(thrown);
    send(response, error.status, { error_code: error.code, message: error.message });
  }
}

function ofOther(thrown: unknown): RestError {
  if (thrown instanceof URIError) return new RestError(400, `HTTP 400 Bad Request: ${thrown.message}`);
  return new RestError(500, `Internal Server Error: ${asError(thrown).message}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new RestError(413, `HTTP 413 Content Too Large: more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (thrown) {
    throw new RestError(400, `HTTP 400 Bad Request: the body is no JSON: ${asError(thrown).message}`);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': REGISTRY_MEDIA_TYPE });
  response.end(stringifyJson(body));
}
