/** Catches the registry's answers on their way through the library, which keeps less of them than is needed. */
import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number];

export interface Answer {
  readonly status: number;
  /** Undefined when the answer is no JSON. */
  readonly json: unknown;
  readonly text: string;
  /** Why no answer came: the library makes an HTTP 400 of it. */
  readonly networkError: Error | undefined;
}

/** The part of mappersmith's response that is looked at. */
interface LibraryResponse {
  request(): { url(): string };
  status(): number;
  data(): unknown;
  rawData(): string | null;
  error(): Error | null;
}

export class AnswerCatcher {
  /** By URL; those of one URL are the same. */
  readonly #answers = new Map<string, Answer>();

  /** The answer to the last request of a URL, once. */
  take(url: string): Answer | undefined {
    const answer = this.#answers.get(url);
    this.#answers.delete(url);
    return answer;
  }

  readonly middleware: Middleware = () => ({
    response: async (next) => {
      try {
        const response = await next();
        this.#keep(response as unknown as LibraryResponse);
        return response;
      } catch (failed) {
        // The library rejects with the response itself.
        this.#keep(failed as LibraryResponse);
        throw failed;
      }
    },
  });

  #keep(response: LibraryResponse): void {
    const data = response.data();
    const text = response.rawData() ?? '';
    this.#answers.set(response.request().url(), {
      status: response.status(),
      json: typeof data === 'object' && data !== null ? data : undefined,
      text,
      networkError: response.error() ?? undefined,
    });
  }
}
