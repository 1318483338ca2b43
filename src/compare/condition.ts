/**
 * Conditions on a report, for `--fail-if`: `changed>1%`, `onlyHere>0`, `suggestedprice.p95>500`.
 *
 *     condition = quantity ( ">" | ">=" | "<" | "<=" | "=" ) number [ "%" ]
 *     quantity  = "equal" | "changed" | "onlyHere" | "onlyThere" | "differing" | field "." statistic
 *     statistic = "changed" | "mean" | "meanAbsolute" | "median" | "min" | "max" | "maxAbsolute"
 *               | "p1" | "p5" | "p25" | "p50" | "p75" | "p95" | "p99"
 *
 * `differing` is changed, only here and only there together. Percent is of all rows, for `<field>.changed` of the rows
 * that both sides have; other statistics are numbers of the field's unit.
 */
import { ConfigurationError } from '../errors.js';
import type { CompareReport } from './report.js';

/** A condition that can be asked of a report. */
export interface Condition {
  readonly text: string;
  /** @throws ConfigurationError when the report has no such field, or it is no number */
  holds(report: CompareReport): boolean;
}

const COUNTS = ['equal', 'changed', 'onlyHere', 'onlyThere', 'differing'] as const;
type Count = (typeof COUNTS)[number];
const STATISTICS: readonly string[] = ['mean', 'meanAbsolute', 'median', 'min', 'max', 'maxAbsolute'];

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

/**
 * Reads a condition.
 *
 * @throws ConfigurationError when it is none
 * @example
 * if (parseCondition('changed > 1%').holds(report)) process.exitCode = 3;
 */
export function parseCondition(text: string): Condition {
  const parts = /^\s*(.+?)\s*(>=|<=|>|<|=)\s*(-?\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(text);
  if (parts === null) throw wrong(text, 'it is no <quantity> <operator> <number>');
  const [, quantity, operator, number, percent] = parts as unknown as [string, string, string, string, string];
  const limit = Number(number);
  const read = reader(text, quantity, percent === '%');
  return Object.freeze({
    text: text.trim(),
    holds: (report: CompareReport) => OPERATORS[operator]!(read(report), limit),
  });
}

function reader(text: string, quantity: string, percent: boolean): (report: CompareReport) => number {
  const count = COUNTS.find((name) => name === quantity);
  if (count !== undefined) {
    return (report) => share(countOf(report, count), report.joined + report.onlyHere + report.onlyThere, percent);
  }
  const dot = quantity.lastIndexOf('.');
  const [field, statistic] = [quantity.slice(0, dot), quantity.slice(dot + 1)];
  if (dot < 1) throw wrong(text, `'${quantity}' is none of ${COUNTS.join(', ')}, nor <field>.<statistic>`);
  if (statistic === 'changed') {
    return (report) => share(fieldOf(report, text, field).changed, report.joined, percent);
  }
  if (!STATISTICS.includes(statistic) && !/^p(1|5|25|50|75|95|99)$/.test(statistic)) {
    throw wrong(text, `'${statistic}' is none of changed, ${STATISTICS.join(', ')}, p1, p5, p25, p50, p75, p95, p99`);
  }
  if (percent) throw wrong(text, `${statistic} is in the unit of the field and takes no percent`);
  return (report) => {
    const { difference } = fieldOf(report, text, field);
    if (difference === undefined) throw wrong(text, `the field '${field}' holds no numbers`);
    const values = { ...difference, ...difference.percentiles } as unknown as Readonly<Record<string, number>>;
    return values[statistic]!;
  };
}

function countOf(report: CompareReport, count: Count): number {
  return count === 'differing' ? report.changed + report.onlyHere + report.onlyThere : report[count];
}

function share(count: number, of: number, percent: boolean): number {
  if (!percent) return count;
  return of === 0 ? 0 : (count / of) * 100;
}

function fieldOf(report: CompareReport, text: string, field: string) {
  const found = report.fields[field];
  if (found !== undefined) return found;
  const known = Object.keys(report.fields).slice(0, 20).join(', ') || 'none';
  throw wrong(text, `no row that both topics have holds a field '${field}'; there are: ${known}`);
}

function wrong(text: string, why: string): ConfigurationError {
  return new ConfigurationError(`fail-if: '${text}': ${why}`, 'fail-if');
}
