/**
 * The thread that computes a model in ONNX; started by `onnx-session.ts`. onnxruntime computes in the thread that asks,
 * so in the main one a batch of 1,024 rows would hold the event loop for 7 ms; here it costs it half a millisecond.
 *
 * Requests are done one after the other, in the order in which they were sent, so `close` comes after all before it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { asError } from '../errors.js';
import { beginWork, endWork, type SharedState } from './thread-state.js';

/** What the thread is started with. */
export interface ThreadData {
  readonly graph: Uint8Array;
  readonly threads: number;
  readonly state: SharedState;
}

/** A matrix of as many rows for the output of that name; or the end. */
export type Request =
  | {
      readonly id: number;
      readonly input: string;
      readonly output: string;
      readonly values: Float32Array;
      readonly rows: number;
    }
  | 'close';

/** What was computed: values of a tensor in its shape. */
export interface Computed {
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
}

/** First `opened` or `refused`, then a reply to each request. */
export type Reply =
  | {
      readonly kind: 'opened';
      readonly inputs: readonly InferenceSession.ValueMetadata[];
      readonly outputs: readonly InferenceSession.ValueMetadata[];
    }
  | { readonly kind: 'refused'; readonly by: 'loading onnxruntime' | 'loading the model'; readonly error: Error }
  | { readonly kind: 'computed'; readonly id: number; readonly computed: Computed }
  | { readonly kind: 'failed'; readonly id: number; readonly error: Error };

type OnnxRuntime = typeof import('onnxruntime-node');

const port = parentPort!;
const { graph, threads, state } = workerData as ThreadData;
const reply = (message: Reply): void => port.postMessage(message);

async function open(): Promise<[OnnxRuntime, InferenceSession] | undefined> {
  let runtime: OnnxRuntime;
  try {
    runtime = await import('onnxruntime-node');
  } catch (error) {
    reply({ kind: 'refused', by: 'loading onnxruntime', error: asError(error) });
    return undefined;
  }
  try {
    const session = await runtime.InferenceSession.create(graph, { intraOpNumThreads: threads, interOpNumThreads: 1 });
    reply({ kind: 'opened', inputs: session.inputMetadata, outputs: session.outputMetadata });
    return [runtime, session];
  } catch (error) {
    reply({ kind: 'refused', by: 'loading the model', error: asError(error) });
    return undefined;
  }
}

async function serve({ Tensor }: OnnxRuntime, session: InferenceSession, request: Request): Promise<void> {
  if (!beginWork(state)) return;
  if (request === 'close') {
    await session.release();
    endWork(state);
    port.close();
    return;
  }
  const { id, input, output, values, rows } = request;
  try {
    const feeds = { [input]: new Tensor('float32', values, [rows, values.length / rows]) };
    const { data, dims } = (await session.run(feeds, [output]))[output] as Tensor;
    reply({ kind: 'computed', id, computed: { data: data as ArrayLike<number | bigint>, dims } });
  } catch (error) {
    reply({ kind: 'failed', id, error: asError(error) });
  } finally {
    endWork(state);
  }
}

const opened = await open();
endWork(state);
if (opened !== undefined) {
  let last = Promise.resolve();
  port.on('message', (request: Request) => {
    last = last.then(() => serve(...opened, request));
  });
}
