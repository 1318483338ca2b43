/**
 * Prints what becomes of a run when the process dies, or a call fails, before and after every call to the broker:
 * `npm run crash-table`. Ends with 1 when a line is wrong.
 */
import { crashTable, printed } from '../test/heart/crash-table.js';

let wrong = 0;
for (const guarantee of ['at_least_once', 'exactly_once_v2'] as const) {
  for (const kind of ['crash', 'retriable', 'abort'] as const) {
    const rows = await crashTable(guarantee, kind);
    console.log(printed(rows));
    wrong += rows.filter((row) => row.wrong.length > 0).length;
  }
}
console.log(wrong === 0 ? 'every line is as it must be' : `${wrong} lines are WRONG`);
process.exitCode = wrong === 0 ? 0 : 1;
