/**
 * Builds the way for many messages at once, when the package is installed. Never fails: without it node-rdkafka's own way is
 * taken, which does the same and takes longer.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Why there is nothing to build; undefined when there is. */
function reason() {
  if (process.platform === 'win32') return 'not made for Windows';
  if (process.env.BUILD_LIBRDKAFKA === '0') return 'node-rdkafka uses a librdkafka of the system';
  try {
    createRequire(import.meta.url).resolve('node-rdkafka/package.json');
  } catch {
    return 'node-rdkafka is not installed';
  }
  return undefined;
}

function build() {
  // npm puts its own on the path of a package's scripts.
  const { status, stdout, stderr } = spawnSync('node-gyp', ['rebuild'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `it was not built:\n${`${stdout ?? 'no node-gyp'}${stderr ?? ''}`.slice(-2_000)}`;
}

const problem = reason() ?? build();
if (problem !== undefined) {
  console.error(`millrace moves Kafka's messages one by one, which takes longer: ${problem}`);
}
