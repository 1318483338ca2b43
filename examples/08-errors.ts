/**
 * A record that cannot be processed, and the three decisions over it. It never takes others with it: what came before is
 * finished, and with `skip` and `dead-letter` what comes after goes on.
 *
 *     npx tsx examples/08-errors.ts
 *
 * prints
 *
 *     skip         1.5, 2; told of bad-1: temperatures-0@1 failed in KSTREAM-SOURCE-0000000000 (deserialization): …
 *     dead-letter  1.5, 2; as it came: not JSON
 *                  __streams.errors.exception = JsonSyntaxError
 *                  __streams.errors.topic = temperatures
 *                  __streams.errors.partition = 0
 *                  __streams.errors.offset = 1
 *     fail         1.5; RecordError: temperatures-0@1 failed in KSTREAM-SOURCE-0000000000 (deserialization): …
 *     by its kind  1.5, 2; skipped one in deserialization
 */
import { type ErrorDecision, type ErrorHandler, json, mapValues, RecordError, string, topic, topology } from 'millrace';
import { TopologyTestDriver } from 'millrace/testing';

const temperatures = topic('temperatures', { key: string(), value: json<{ fahrenheit: number }>() });
const celsius = topic('celsius', { key: string(), value: json<number>() });

const converting = topology('converting', ({ stream }) => {
  stream(temperatures)
    .pipe(mapValues(({ fahrenheit }) => ((fahrenheit - 32) * 5) / 9))
    .to(celsius);
});

/** In an application: `deserialization.exception.handler`, `processing.…` and `production.exception.handler`. */
async function run(onError: ErrorDecision | ErrorHandler) {
  const driver = await TopologyTestDriver.open(converting, { onError });
  const input = driver.createInputTopic(temperatures);
  const output = driver.createOutputTopic(celsius);
  let failure: unknown;
  try {
    input.pipeInput('good-1', { fahrenheit: 34.7 });
    input.pipeBytes(Buffer.from('bad-1'), Buffer.from('not JSON'));
    input.pipeInput('good-2', { fahrenheit: 35.6 });
  } catch (thrown) {
    failure = thrown;
  }
  const written = output.readValuesToList().map((value) => Number(value.toFixed(2)));
  await driver.close();
  return { written: written.join(', '), dropped: driver.dropped, deadLetters: driver.deadLetters, failure };
}

const skipped = await run('skip');
console.log(`skip         ${skipped.written}; told of bad-1: ${skipped.dropped[0]?.message}`);

const dead = await run('dead-letter');
const [letter] = dead.deadLetters;
console.log(`dead-letter  ${dead.written}; as it came: ${letter?.value}`);
for (const { key, value } of letter?.headers ?? []) {
  if (!/message|stacktrace/.test(key)) console.log(`             ${key} = ${value}`);
}

const failed = await run('fail'); // the default: the application stops here, and a restart meets the record again
console.log(`fail         ${failed.written}; ${failed.failure}`);

const phases: string[] = [];
const byKind = await run((error) => {
  phases.push(error.phase);
  return error instanceof RecordError && error.phase === 'deserialization' ? 'skip' : 'fail';
});
console.log(`by its kind  ${byKind.written}; skipped one in ${phases.join(', ')}`);
