import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { asError, ConfigurationError } from '../errors.js';
import type { Computed, Reply, Request, ThreadData } from './onnx-thread.js';
import { stopWork, workingState } from './thread-state.js';

/**
 * Milliseconds that the exit of the process waits at most for what is under way. A batch takes about ten, loading 300; on a
 * machine that is busy, ten times as long.
 */
const LONGEST_EXIT_MS = 10_000;

type Opened = Extract<Reply, { kind: 'opened' }>;

interface Pending {
  resolve(computed: Computed): void;
  reject(error: Error): void;
}

/** A model in a thread of its own. An idle one does not keep the process alive. */
export class OnnxSession {
  readonly inputs: Opened['inputs'];
  readonly outputs: Opened['outputs'];
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #requests = 0;
  /** Why nothing can be computed any more. */
  #over: Error | undefined;

  private constructor(worker: Worker, { inputs, outputs }: Opened) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#worker = worker;
    worker.on('message', (reply: Reply) => this.#settle(reply));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(new Error('the thread of the model has ended')));
    worker.unref();
  }

  /**
   * Loads a model.
   *
   * @param graph the bytes of the file
   * @param path where they are from, for messages
   * @throws {ConfigurationError} when onnxruntime or the model cannot be loaded
   */
  static async open(graph: Uint8Array, path: string, threads: number): Promise<OnnxSession> {
    const state = workingState();
    const stop = () => stopWork(state, LONGEST_EXIT_MS);
    const worker = startThread({ graph, threads, state });
    process.on('exit', stop);
    worker.once('exit', () => process.off('exit', stop));
    const first = await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (first.kind === 'opened') return new OnnxSession(worker, first);
    stop();
    await worker.terminate();
    if (first.kind !== 'refused') throw new Error(`the thread of the model answered unasked: ${first.kind}`);
    const { error: cause } = first;
    throw first.by === 'loading the model'
      ? new ConfigurationError(`${path} is no ONNX model that onnxruntime can load: ${cause.message}`, path, { cause })
      : new ConfigurationError(`onnxruntime-node, which ${path} needs, cannot be loaded: ${cause.message}`, path, {
          cause,
        });
  }

  /**
   * Computes one output of a matrix.
   *
   * @param values the matrix, row after row; its memory goes to the thread
   */
  compute(input: string, output: string, values: Float32Array<ArrayBuffer>, rows: number): Promise<Computed> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#over);
        return;
      }
      const id = this.#requests;
      this.#requests += 1;
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
      const request: Request = { id, input, output, values, rows };
      this.#worker.postMessage(request, [values.buffer]);
    });
  }

  /** Ends the thread when it has computed what was asked before. */
  async close(): Promise<void> {
    if (this.#over !== undefined) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.ref();
    this.#worker.postMessage('close' satisfies Request);
    await ended;
  }

  #settle(reply: Reply): void {
    if (reply.kind !== 'computed' && reply.kind !== 'failed') return;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if (reply.kind === 'computed') pending?.resolve(reply.computed);
    else pending?.reject(reply.error);
  }

  #end(error: unknown): void {
    this.#over ??= asError(error);
    for (const pending of this.#pending.values()) pending.reject(this.#over);
    this.#pending.clear();
  }
}

/** Run from its sources, the thread needs a loader for TypeScript first: a thread does not inherit that of a test runner. */
function startThread(data: ThreadData): Worker {
  const extension = extname(new URL(import.meta.url).pathname);
  const entry = new URL(`./onnx-thread${extension}`, import.meta.url);
  if (extension !== '.ts') return new Worker(entry, { workerData: data });
  const [loader, module] = [import.meta.resolve('tsx/esm/api'), entry.href].map((url) => JSON.stringify(url));
  const start = `import(${loader}).then(({ register }) => { register(); return import(${module}); });`;
  return new Worker(start, { eval: true, workerData: data });
}
