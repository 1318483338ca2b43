/** Who is measured. Another one is a program that does a `Job`, and an entry here. */
import { fileURLToPath } from 'node:url';
import { SOURCE } from '../change-events.js';
import type { Encoding, Guarantee, Job } from './job.js';
import { jvm, WARM_AFTER } from './jvm.js';
import { type Running, start } from './process.js';

export interface Contender {
  readonly name: string;
  /** By this it is chosen (`--only`). */
  readonly kind: string;
  readonly encodings: readonly Encoding[];
  readonly guarantees: readonly Guarantee[];
  /** Records that go through it before anything is measured, where its process lives on from run to run. */
  readonly warmUpRecords?: number;
  start(job: Job): Promise<Running>;
  /** Ends what lives on. */
  close?(): Promise<void>;
}

const ALL: readonly Encoding[] = ['json', 'connect-json', 'avro'];
const JSONS: readonly Encoding[] = ['json', 'connect-json'];
const BOTH: readonly Guarantee[] = ['at_least_once', 'exactly_once_v2'];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const inRoot = (path: string) => `${ROOT}${path}`;
/** A larger young generation, as `npm start` has it: everything in a stream is young. */
const NODE = ['--max-semi-space-size=64'];
/** Every client that waits holds a thread. */
const THREADS = { UV_THREADPOOL_SIZE: '16' };

/** `millrace run`, as it is shipped. */
function millrace(instances: number): Contender {
  return {
    name: instances === 1 ? 'millrace' : `millrace, ${instances} processes`,
    kind: 'millrace',
    encodings: ALL,
    guarantees: BOTH,
    async start({ bootstrapServers, group, input, output, encoding, guarantee, commitMs, registry, directory }) {
      const settings = {
        'application.id': group,
        'bootstrap.servers': bootstrapServers,
        'processing.guarantee': guarantee,
        'commit.interval.ms': commitMs,
        'state.dir': directory,
        [`topics.${SOURCE}`]: input,
        'topics.car_data_predicted': output,
      };
      const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
      const config = ['--config', inRoot('bench/kafka/millrace.config.ts'), '--json'];
      const several = instances === 1 ? [] : ['--instances', String(instances)];
      return start(
        process.execPath,
        [...NODE, inRoot('bin/millrace.js'), 'run', inRoot('bench/kafka/topology.ts'), ...config, ...several, ...sets],
        { CAR_PRICES_FORMAT: encoding, CAR_PRICES_REGISTRY: registry },
      );
    },
  };
}

/** A loop of `bench/peers`; `decoder` says what reads the changes in it. */
function loop(name: string, kind: string, file: string, decoder: 'whole' | 'millrace'): Contender {
  return {
    name,
    kind,
    encodings: ALL,
    guarantees: BOTH,
    start: async (job) =>
      start(
        process.execPath,
        [...NODE, '--import', 'tsx', inRoot(`bench/peers/${file}`), JSON.stringify(job), decoder],
        THREADS,
      ),
  };
}

const nodefluent: Contender = {
  name: 'kafka-streams 5.0.0 (nodefluent)',
  kind: 'nodefluent',
  encodings: JSONS,
  guarantees: ['at_least_once'],
  start: async (job) =>
    start(process.execPath, [...NODE, '--import', 'tsx', inRoot('bench/peers/nodefluent.ts'), JSON.stringify(job)], {
      ...THREADS,
    }),
};

const quix: Contender = {
  name: 'Quix Streams 3.28.1',
  kind: 'quix',
  encodings: JSONS,
  guarantees: BOTH,
  start: async (job) => start(inRoot('bench/peers/quix/run.sh'), [JSON.stringify(job)]),
};

/** All of them, in the order of the table. */
export const contenders: readonly Contender[] = [
  millrace(1),
  loop('loop by hand', 'loop', 'loop.ts', 'whole'),
  loop("loop by hand with millrace's decoder", 'decoder', 'loop.ts', 'millrace'),
  loop("the same on millrace's client", 'client', 'port-loop.ts', 'millrace'),
  millrace(2),
  jvm(1, WARM_AFTER),
  jvm(2),
  quix,
  nodefluent,
];
