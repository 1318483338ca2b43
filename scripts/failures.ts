/**
 * Breaks the whole stack, part by part, while rows are inserted: `npx tsx scripts/failures.ts [name …]`, default all. One line
 * for each failure: what was done, what was seen, whether every row came back priced, once, and how long it took. Ends with 1
 * when a row is lost or written twice. Takes about ten minutes; needs what `npm run stack` needs, and for `disk` root.
 */
import { failures, Trials } from '../test/failures/trials.js';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(failures, name));
if (unknown.length > 0) {
  console.error(`no such failure: ${unknown.join(', ')}; there are ${Object.keys(failures).join(', ')}`);
  process.exit(2);
}
const trials = await Trials.start();
let wrong = 0;
try {
  for (const [name, failure] of Object.entries(failures)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    wrong += (await trials.run(name, failure, console.log)) ? 0 : 1;
  }
} finally {
  await trials.close();
}
console.log(wrong === 0 ? 'nothing was lost and nothing is there twice' : `${wrong} went WRONG`);
process.exitCode = wrong === 0 ? 0 : 1;
