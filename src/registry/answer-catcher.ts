/** Catches the registry's answers on their way through the library, which keeps less of them than is needed. */
import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number];

export class AnswerCatcher {
  /** By URL; those of one URL are the same. */
  readonly #answers = new Map<string, object>();

  /** The JSON that was answered to the last request of a URL, once; undefined when it was refused or is no JSON. */
  take(url: string): object | undefined {
    const answer = this.#answers.get(url);
    this.#answers.delete(url);
    return answer;
  }

  readonly middleware: Middleware = () => ({
    response: async (next) => {
      const response = await next();
      const answer = response.data<unknown>();
      if (typeof answer === 'object' && answer !== null) this.#answers.set(response.request().url(), answer);
      return response;
    },
  });
}
