/** Metrics of prom-client whose values are read when they are asked for, from what the runtime counts anyway. */
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { HistogramCounts } from '../model/histogram.js';

/** One value with its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];

/** What a metric is called and what it says. */
export interface MetricText {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** A gauge that is read when it is asked for. */
export function gaugeOf(registry: Registry, text: MetricText, read: () => Iterable<Sample>): void {
  new Gauge({
    ...textOf(text),
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set({ ...labels }, value);
    },
  });
}

/** A counter that is kept elsewhere, and only goes up there. */
export function counterOf(registry: Registry, text: MetricText, read: () => Iterable<Sample>): void {
  new Counter({
    ...textOf(text),
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc({ ...labels }, value);
    },
  });
}

/** Histograms that are kept elsewhere, one for each set of labels. prom-client's own can only be observed into. */
export function histogramOf(
  registry: Registry,
  { name, help, labels = [] }: MetricText,
  read: () => Iterable<readonly [labels: Readonly<Record<string, string>>, counts: HistogramCounts]>,
  /** One of what is counted, in the metric's unit: 0.001 for milliseconds in a metric of seconds. */
  unit: number,
): void {
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    labelNames: labels,
    values: [...read()].flatMap(([of, counts]) => samplesOf(name, of, counts, unit)),
  });
  registry.registerMetric({ name, help, get, reset: () => {} } as unknown as Metric);
}

function samplesOf(name: string, labels: object, { bounds, counts, sum }: HistogramCounts, unit: number) {
  let below = 0;
  const buckets = counts.map((count, index) => {
    below += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : Number((bound * unit).toPrecision(12));
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum * unit },
    { metricName: `${name}_count`, labels, value: below },
  ];
}

function textOf({ name, help, labels = [] }: MetricText) {
  return { name, help, labelNames: [...labels] };
}
