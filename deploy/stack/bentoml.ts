/** The Ford model as a BentoML service: `models/ford/bentoml.sh`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inDownloads, inStack, projectFolder } from './folders.js';
import { answersOk } from './http-health.js';
import { launch, tail } from './launch.js';
import { type Download, type Part, StackError } from './part.js';
import { claimPort, portFromEnvironment } from './ports.js';
import { findPython } from './prerequisites.js';
import { versions } from './versions.js';

const PORT = 'MILLRACE_BENTOML_PORT';
const SCRIPT = join(projectFolder, 'models', 'ford', 'bentoml.sh');

/** Installs the packages and saves the model, when they are not there yet. */
async function setUp({ say, signal }: Download): Promise<void> {
  await findPython();
  const log = inStack('logs', 'download-bentoml.log');
  mkdirSync(dirname(log), { recursive: true });
  if (!existsSync(inDownloads('bentoml', '.installed'))) say('downloading bentoml (once) …');
  const output = openSync(log, 'a');
  try {
    const child = spawn(SCRIPT, ['setup'], { stdio: ['ignore', output, output], signal });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new StackError(`The Python packages could not be installed. The end of ${log}:\n${tail(log, 20)}`);
    }
  } finally {
    closeSync(output);
  }
}

/** The Ford model as a part of the stack: port `MILLRACE_BENTOML_PORT` (3000). */
export function bentomlPart(): Part {
  const log = inStack('logs', 'bentoml.log');
  return {
    name: 'bentoml',
    version: versions.bentoml,
    log,
    needs: () => [],
    download: setUp,
    async start() {
      const port = await claimPort(portFromEnvironment(PORT, 3000), PORT);
      const child = await launch(SCRIPT, ['serve', String(port)], log);
      child.unref();
      return { pid: child.pid!, endpoint: `http://127.0.0.1:${port}` };
    },
    healthy: (endpoint) => answersOk(`${endpoint}/readyz`),
  };
}
