/** Prints what binding.gyp asks for of node-rdkafka: where it lies, which version it is, and where the nan that it uses lies. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(import.meta.url);
const manifest = require.resolve('node-rdkafka/package.json');

const answers = {
  'node-rdkafka': () => dirname(manifest),
  nan: () => dirname(createRequire(manifest).resolve('nan/package.json')),
  version: () => require(manifest).version,
};

process.stdout.write(answers[process.argv[2]]());
