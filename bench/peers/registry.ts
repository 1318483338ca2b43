/** The two calls of Confluent's schema registry that a program by hand makes, and the header before its Avro. */

export interface Registered {
  readonly id: number;
  readonly schema: unknown;
}

export async function latest(registry: string, subject: string): Promise<Registered> {
  const { id, schema } = await called<{ id: number; schema: string }>(
    `${registry}/subjects/${subject}/versions/latest`,
    {},
  );
  return { id, schema: JSON.parse(schema) };
}

/** @returns the id of the schema */
export async function register(registry: string, subject: string, schema: unknown): Promise<number> {
  const { id } = await called<{ id: number }>(`${registry}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  return id;
}

/** A zero and the id. */
export function confluentHeader(id: number): Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return header;
}

async function called<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
