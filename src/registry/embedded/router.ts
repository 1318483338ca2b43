/** Finds the handler of a request: method and path, with names in braces standing for one part of it. */

export interface Request {
  /** The parts of the path that names stand for, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON that was sent; undefined without a body. */
  readonly body: unknown;
}

export type Handler = (request: Request) => unknown;

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

export class Router {
  readonly #routes: Route[] = [];

  /** @param path `/subjects/{subject}/versions` */
  on(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, handler: Handler): this {
    const pattern = new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}/?$`);
    this.#routes.push({ method, pattern, handler });
    return this;
  }

  /** The handler and the parts; the methods that the path has, where the method is none of them. */
  find(
    method: string,
    path: string,
  ): { readonly handler: Handler; readonly parts: Readonly<Record<string, string>> } | readonly string[] {
    const allowed: string[] = [];
    for (const route of this.#routes) {
      const match = route.pattern.exec(path);
      if (match === null) continue;
      if (route.method !== method) {
        allowed.push(route.method);
        continue;
      }
      const parts = Object.entries(match.groups ?? {}).map(([name, part]) => [name, decodeURIComponent(part)]);
      return { handler: route.handler, parts: Object.fromEntries(parts) as Record<string, string> };
    }
    return allowed;
  }
}
