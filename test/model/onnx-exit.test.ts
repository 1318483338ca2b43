import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const source = new URL('../../src/model/onnx.ts', import.meta.url).href;
const graph = fileURLToPath(new URL('../../models/ford/ford_price.onnx', import.meta.url));

describe('the end of a process that has a model open', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-onnx-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Its exit code, or the signal that killed it. */
  async function run(then: string): Promise<unknown> {
    const script = join(folder, 'program.mts');
    await writeFile(
      script,
      `import { onnx } from '${source}';
       const model = onnx<object>(${JSON.stringify(graph)});
       const { signal } = new AbortController();
       const opening = model.open();
       ${then}`,
    );
    const program = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: 'inherit' });
    const [code, killedBy] = await once(program, 'exit');
    return code ?? killedBy;
  }

  test('comes by itself while the model is idle, closed or not', async () => {
    expect(await run('await opening; await model.predict([{}], signal);')).toBe(0);
  });

  test('not before what was asked is answered', async () => {
    const answered = 'await opening; void model.predict([{}], signal).then(() => { process.exitCode = 5; });';
    expect(await run(answered)).toBe(5);
  });

  test('in the middle of a batch is an exit, no abort', async () => {
    const ask = 'await opening; for (let i = 0; i < 20; i += 1) void model.predict(new Array(2_000).fill({}), signal);';
    expect(await run(`${ask} setImmediate(() => process.exit(3));`)).toBe(3);
  });

  test('while the model is being loaded, too', async () => {
    const loading = 'process.once("worker", () => setImmediate(() => process.exit(3))); await opening;';
    expect(await run(loading)).toBe(3);
  });
});
