import type { Registry } from 'prom-client';
import type { BatcherStats } from '../model/batcher.js';
import type { ModelFigures } from '../model/model.js';
import { counterOf, gaugeOf, histogramOf, type Sample } from './snapshots.js';

const CIRCUITS = ['closed', 'half-open', 'open'] as const;
const LABELS = ['model'];

/** The metrics of the models of an application. @param stats by the names of the models */
export function modelMetrics(registry: Registry, stats: () => Readonly<Record<string, BatcherStats>>): void {
  const each = (read: (of: BatcherStats) => number) => (): Sample[] =>
    Object.entries(stats()).map(([model, of]) => [{ model }, read(of)]);
  const gauge = (name: string, help: string, read: (of: BatcherStats) => number) =>
    gaugeOf(registry, { name, help, labels: LABELS }, each(read));
  const counter = (name: string, help: string, read: (of: BatcherStats) => number) =>
    counterOf(registry, { name, help, labels: LABELS }, each(read));

  histogramOf(
    registry,
    {
      name: 'millrace_model_call_duration_seconds',
      help: 'Time from the start of a call to a model until it ended.',
      labels: LABELS,
    },
    () => Object.entries(stats()).map(([model, { latencyMs }]) => [{ model }, latencyMs]),
    0.001,
  );
  histogramOf(
    registry,
    { name: 'millrace_model_batch_rows', help: 'Rows in a call to a model.', labels: LABELS },
    () => Object.entries(stats()).map(([model, { batchSizes }]) => [{ model }, batchSizes]),
    1,
  );
  gauge('millrace_model_queue_length', 'Questions that are in no call yet.', ({ waiting }) => waiting);
  gauge('millrace_model_calls_in_progress', 'Calls to a model under way.', ({ callsUnderWay }) => callsUnderWay);
  gauge('millrace_model_available', '1 while the model can be asked; while it is 0 its records wait.', (of) =>
    of.availability.state === 'available' ? 1 : 0,
  );
  counter('millrace_model_failed_calls_total', 'Calls that failed or answered another number of rows.', (of) => {
    return of.failedCalls;
  });
  counter('millrace_model_timeouts_total', 'Questions that got no answer in time.', ({ timeouts }) => timeouts);
  counter('millrace_model_outages_total', 'How often the model went away.', ({ outages }) => outages);
  counter('millrace_model_outage_seconds_total', 'How long it was away, in outages that have ended.', (of) => {
    return of.outageMs / 1_000;
  });
  gaugeOf(
    registry,
    {
      name: 'millrace_model_circuit_state',
      help: "1 for the state of the circuit breaker before a model's service, 0 for the others.",
      labels: ['model', 'service', 'state'],
    },
    () =>
      servicesOf(stats()).flatMap(({ model, service, figures }) =>
        CIRCUITS.map((state): Sample => [{ model, service, state }, figures.circuit === state ? 1 : 0]),
      ),
  );
  counterOf(
    registry,
    {
      name: 'millrace_model_http_requests_total',
      help: "Requests to a model's service, by status; `no answer` where there was none.",
      labels: ['model', 'service', 'status'],
    },
    () =>
      servicesOf(stats()).flatMap(({ model, service, figures }) =>
        Object.entries(figures.statuses as Record<string, number>).map(
          ([status, count]): Sample => [{ model, service, status }, count],
        ),
      ),
  );
}

interface Service {
  readonly model: string;
  /** Which of the models inside: `main`, `standIn`; empty for a model that is one service. */
  readonly service: string;
  readonly figures: ModelFigures;
}

function servicesOf(stats: Readonly<Record<string, BatcherStats>>): readonly Service[] {
  return Object.entries(stats).flatMap(([model, { model: figures }]) => [...servicesIn(model, '', figures)]);
}

/** A model behind HTTP has a circuit among its figures; one of several models has the figures of each under a name. */
function* servicesIn(model: string, service: string, figures: unknown): Generator<Service> {
  if (typeof figures !== 'object' || figures === null) return;
  if ('circuit' in figures && 'statuses' in figures) {
    yield { model, service, figures: figures as ModelFigures };
    return;
  }
  for (const [name, inner] of Object.entries(figures)) {
    yield* servicesIn(model, service === '' ? name : `${service}.${name}`, inner);
  }
}
