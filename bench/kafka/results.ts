/** What was measured, as tables: one for each encoding. */
import { median, percent } from '../machine.js';
import type { Contender } from './contenders.js';
import type { Input } from './input.js';
import { ENCODINGS, type Encoding, GUARANTEES, type Guarantee } from './job.js';
import type { Measured } from './measure.js';

export interface Result {
  readonly encoding: Encoding;
  readonly guarantee: Guarantee;
  readonly contender: Contender;
  readonly input: Input;
  readonly measured: Measured;
  /** The share of the processors that others took from the run, 0 to 1. */
  readonly stolen: number;
}

/** How many times the rate of another kind millrace is to have. */
const GOALS: Readonly<Record<Encoding, Readonly<Record<string, number>>>> = {
  json: { loop: 1.2, decoder: 0.85, jvm: 1 },
  'connect-json': { loop: 2.5, decoder: 0.85, jvm: 2 },
  avro: { loop: 1.5, decoder: 0.85 },
};
/** How much of its rate at_least_once may lose to exactly_once_v2. */
const GOAL_OF_EXACTLY_ONCE = 0.85;
/** Held against as many processes of millrace as serve best; the others, one process each, against one. */
const AGAINST_THE_BEST: readonly string[] = ['jvm'];

export class Results {
  readonly #all: Result[] = [];

  add(result: Result): void {
    this.#all.push(result);
  }

  /** Somebody's output was not what it must be: the rates mean nothing. */
  get anyWrong(): boolean {
    return this.#all.some(({ measured }) => measured.wrong !== undefined);
  }

  get mostStolen(): number {
    return Math.max(0, ...this.#all.map(({ stolen }) => stolen));
  }

  markdown(): string {
    return ENCODINGS.filter((encoding) => this.#all.some((result) => result.encoding === encoding))
      .map((encoding) => this.#table(encoding))
      .join('\n\n');
  }

  #table(encoding: Encoding): string {
    const results = this.#all.filter((result) => result.encoding === encoding);
    const contenders = [...new Set(results.map(({ contender }) => contender))];
    const lines = contenders.map((contender) => {
      const rates = GUARANTEES.map((guarantee) => this.#rate(encoding, guarantee, contender));
      const ratios = GUARANTEES.map(
        (guarantee, index) => this.#millrace(encoding, guarantee, contender) / rates[index]!,
      );
      const [atLeastOnce = Number.NaN, exactlyOnce = Number.NaN] = rates;
      const goal = GOALS[encoding][contender.kind];
      const cells = [
        contender.name,
        ...rates.map(rounded),
        percent(exactlyOnce / atLeastOnce),
        ...(contender.kind === 'millrace' ? ['', ''] : ratios.map((ratio) => times(ratio, goal))),
        contender.kind === 'millrace'
          ? `EOS ≥ ${percent(GOAL_OF_EXACTLY_ONCE)}`
          : goal === undefined
            ? ''
            : `≥ ${goal} ×`,
      ];
      return `| ${cells.join(' | ')} |`;
    });
    return [
      `### ${encoding}, ${results[0]!.input.bytes} bytes a change`,
      '',
      '| | ALOS, records/s | EOS, records/s | EOS of ALOS | millrace is, ALOS | millrace is, EOS | goal |',
      '|---|--:|--:|--:|--:|--:|---|',
      ...lines,
    ].join('\n');
  }

  #rate(encoding: Encoding, guarantee: Guarantee, contender: Contender): number {
    return median(
      this.#all
        .filter((each) => each.encoding === encoding && each.guarantee === guarantee && each.contender === contender)
        .map(({ measured }) => measured.recordsPerSecond),
    );
  }

  /** The rate of millrace that a contender is held against. */
  #millrace(encoding: Encoding, guarantee: Guarantee, other: Contender): number {
    const ours = [...new Set(this.#all.map(({ contender }) => contender))].filter(({ kind }) => kind === 'millrace');
    const rates = ours.map((contender) => this.#rate(encoding, guarantee, contender));
    return AGAINST_THE_BEST.includes(other.kind) ? Math.max(...rates) : (rates[0] ?? Number.NaN);
  }
}

const rounded = (rate: number) => (Number.isNaN(rate) ? '–' : Math.round(rate).toLocaleString('en'));

/** Bold where the goal is missed. */
function times(ratio: number, goal: number | undefined): string {
  if (Number.isNaN(ratio)) return '–';
  const text = `${ratio.toFixed(2)} ×`;
  return goal !== undefined && ratio < goal ? `**${text}**` : text;
}
