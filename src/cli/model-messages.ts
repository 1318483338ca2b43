/** What is said of models: that one is away and back, and that it was asked about what it was not trained on. */
import type { ApplicationListener, ApplicationStatus } from '../app/application.js';
import { duration } from '../console/human-format.js';
import type { Console, ModelAway } from '../console/index.js';
import type { Outside } from '../model/feature-ranges.js';

/** Told once for each outage. */
export function tellOfOutages(
  screen: Pick<Console, 'message'>,
): Pick<ApplicationListener, 'onModelAway' | 'onModelBack'> {
  return {
    onModelAway: (model, { because }) =>
      screen.message(
        'warn',
        `the model '${model}' is away: ${because}. Its records wait, nothing is lost; it is tried again until it is back`,
        { model },
      ),
    onModelBack: (model, afterMs) =>
      screen.message('info', `the model '${model}' is back after ${duration(afterMs)}; what waited for it goes on`, {
        model,
        afterMs,
      }),
  };
}

/** Models that cannot be asked just now. */
export function modelsAway({ models }: Pick<ApplicationStatus, 'models'>): readonly ModelAway[] {
  return Object.entries(models).flatMap(([model, { availability, waiting }]) =>
    availability.state === 'available'
      ? []
      : [{ model, since: availability.since, waiting, because: availability.because }],
  );
}

/** Warns of each value that a model was not trained on, once. */
export class OutsideWarnings {
  readonly #told = new Set<string>();

  look({ models }: Pick<ApplicationStatus, 'models'>, screen: Pick<Console, 'message'>): void {
    for (const [model, { model: figures }] of Object.entries(models)) {
      const outside = (figures?.outside ?? {}) as Readonly<Record<string, Outside>>;
      for (const [feature, { values, trainedOn }] of Object.entries(outside)) {
        for (const value of values) this.#tell(screen, model, feature, JSON.stringify(value), trainedOn);
      }
    }
  }

  #tell(screen: Pick<Console, 'message'>, model: string, feature: string, value: string, trainedOn: string): void {
    const text =
      `the model '${model}' was asked about ${feature} = ${value}, and was trained on ${trainedOn}: what it answers is a ` +
      'guess. Keep such rows from it with a filter before predict, or train it on them';
    if (this.#told.has(text)) return;
    this.#told.add(text);
    screen.message('warn', text);
  }
}
