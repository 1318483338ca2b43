/** What a registry answers. */
export interface Answer {
  readonly status: number;
  /** The value of the JSON; the text where it is none. */
  readonly body: unknown;
}

/** Calls as another program does. */
export async function call(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: isJson(text) ? JSON.parse(text) : text };
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
