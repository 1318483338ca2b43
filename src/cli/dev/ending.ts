/** Why a run ends: somebody asked for it, or a part of it failed. Whichever comes first ends it. */
export class Ending {
  readonly #controller = new AbortController();
  #asked = false;
  #failure: Error | undefined;

  /** Aborted when the run is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when somebody asked for the end. */
  get wasAsked(): boolean {
    return this.#asked;
  }

  /** What failed first. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  ask(): void {
    this.#asked = true;
    this.#controller.abort();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#controller.abort();
  }

  /** Resolves when the run is to end. */
  async come(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
