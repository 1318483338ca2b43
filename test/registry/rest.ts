/** Calls as another program makes them. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export async function call(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** A record with these fields: `name` or `name=default`, of type string; `?name` may be null, and is by default. */
export function recordOf(...fields: readonly string[]): string {
  return JSON.stringify({
    type: 'record',
    name: 'Message',
    namespace: 'protocol',
    fields: fields.map((field) => {
      if (field.startsWith('?')) return { name: field.slice(1), type: ['null', 'string'], default: null };
      const [name, fallback] = field.split('=');
      return fallback === undefined ? { name, type: 'string' } : { name, type: 'string', default: fallback };
    }),
  });
}
