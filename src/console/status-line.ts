/** The line that says how the application is doing. */
import { type ModelAway, type Status, totalOf, unaccounted } from './console.js';
import { bytes, count, onOneLine } from './human-format.js';

/**
 * Every record that was read is in it: `read 10 = finished 9 (…) + in flight 1`.
 *
 * @example
 * // 'RUNNING · read 10 = finished 9 (8 delivered, 1 filtered) + 1 in flight · lag 0 · 4/s · model 6 calls, 2 saved'
 */
export function statusLine(status: Status): string {
  const { read, inFlight, finished, lag, rate, walKeptBytes } = status;
  const kinds = [
    [finished.delivered, 'delivered'],
    [finished.filtered, 'filtered'],
    [finished.skipped, 'skipped'],
    [finished.deadLettered, 'dead-lettered'],
  ] as const;
  const kindsMet = kinds.filter(([number]) => number > 0).map(([number, kind]) => `${count(number)} ${kind}`);
  const detail = kindsMet.length === 0 ? '' : ` (${kindsMet.join(', ')})`;
  const lost = unaccounted(status);
  return [
    status.state,
    `read ${count(read)} = finished ${count(totalOf(finished))}${detail} + ${count(inFlight)} in flight` +
      (lost === 0 ? '' : ` + ${count(lost)} UNACCOUNTED FOR`),
    lag === undefined ? '' : `lag ${count(lag)}`,
    `${count(rate)}/s`,
    `model ${count(status.modelCalls)} calls, ${count(status.modelCallsSaved)} saved`,
    ...status.modelsAway.map(awayText),
    walKeptBytes === undefined ? '' : `WAL kept ${bytes(walKeptBytes)}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** `MODEL AWAY ford-price since 15:04:05, 20 records wait` */
function awayText({ model, since, waiting }: ModelAway): string {
  const time = new Date(since).toTimeString().slice(0, 8);
  return `MODEL AWAY ${onOneLine(model)} since ${time}, ${count(waiting)} records wait`;
}
