import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { features } from '../../models/ford/features.js';
import { ConfigurationError } from '../../src/errors.js';
import { ModelError } from '../../src/model/model-error.js';
import { type OnnxOptions, onnx } from '../../src/model/onnx.js';

const shipped = fileURLToPath(new URL('../../models/ford/ford_price', import.meta.url));
const car = { model: 'Focus', year: 2018, transmission: 'Manual', mileage: 9083, fueltype: 'Petrol', mpg: 57.7 };
const focus = features({ ...car, tax: 150, enginesize: 1 });
const { signal } = new AbortController();

describe('predict', () => {
  const model = onnx<object>(`${shipped}.onnx`);
  beforeAll(() => model.open());
  afterAll(() => model.close());

  test('its name and version are those of the description', () => {
    expect(model.identity).toEqual({ name: 'ford-price', version: '1.0.0' });
  });

  test.each([1, 127, 128, 129, 1_024])('answers %d rows in their order', async (count) => {
    const rows = Array.from({ length: count }, (_, row) => ({ ...focus, mileage: row * 100 }));
    const together = await model.predict(rows, signal);
    expect(together).toHaveLength(count);
    for (const row of [0, Math.floor(count / 2), count - 1]) {
      expect(together[row]).toBeCloseTo((await model.predict([rows[row]!], signal))[0]!, 2);
    }
  });

  test('a row that cannot be encoded is an error in its place, and the others are answered', async () => {
    const [price] = await model.predict([focus], signal);
    const rows = [focus, { ...focus, year: '2018' }, { ...focus, model: 5 }, { ...focus, tax: 150n }, focus];
    const [first, ...others] = await model.predict(rows, signal);
    expect(first).toBeCloseTo(price!, 2);
    expect(others.pop()).toBeCloseTo(price!, 2);
    expect(others).toEqual(others.map(() => expect.any(ModelError)));
    expect(others).toMatchObject(
      [
        {
          kind: 'invalid-question',
          message: /'ford-price' 1.0.0: the feature 'year' is a number or null, not the text/,
        },
        { message: /the feature 'model' is a text or null, not the number 5/ },
        { message: /the feature 'tax' is a number or null, not the bigint 150/ },
      ].map(({ message, ...rest }) => ({ ...rest, message: expect.stringMatching(message) })),
    );
  });

  test('batches asked at once are answered each with its own', async () => {
    const batches = [0, 1, 2, 3].map((batch) => [focus, { ...focus, mileage: batch * 20_000 }]);
    const alone: (readonly number[])[] = [];
    for (const batch of batches) alone.push(await model.predict(batch, signal));
    expect(await Promise.all(batches.map((batch) => model.predict(batch, signal)))).toEqual(alone);
  });

  test('the event loop turns while a large batch is computed', async () => {
    let turns = 0;
    let answered = false;
    const turn = () => {
      turns += 1;
      if (!answered) setImmediate(turn);
    };
    const answer = model.predict(new Array(4_096).fill(focus), signal);
    setImmediate(turn);
    await answer;
    answered = true;
    expect(turns).toBeGreaterThan(10);
  });

  test('is not asked when nobody waits any more', async () => {
    await expect(model.predict([focus], AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  test('closing waits for what is under way, and nothing can be asked after it', async () => {
    const closing = onnx<object>(`${shipped}.onnx`);
    await closing.open();
    const many = closing.predict(new Array(1_024).fill(focus), signal);
    await closing.close();
    expect(await many).toHaveLength(1_024);
    await expect(closing.predict([focus], signal)).rejects.toThrow(/not open/);
  });

  test('its figures are told at any time, also while an application ends', async () => {
    const model = onnx<typeof focus>(`${shipped}.onnx`);
    expect(model.figures).toEqual({ outside: {} });
    await model.open();
    await model.predict([{ ...focus, year: 1901 }], signal);
    const { outside } = model.figures as { readonly outside: object };
    expect(Object.keys(outside)).toEqual(['year']);
    await model.close();
    expect(model.figures).toEqual({ outside });
  });

  test('a model that is not open says so', async () => {
    const closed = onnx<object>(`${shipped}.onnx`);
    expect(() => closed.identity).toThrow(/ford_price.onnx is not open/);
    await expect(closed.predict([focus], signal)).rejects.toThrow(/not open/);
    await closed.close();
  });
});

describe('open refuses', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-onnx-'));
    path = join(folder, 'price.onnx');
    await copyFile(`${shipped}.onnx`, path);
    await copyFile(`${shipped}.json`, join(folder, 'price.json'));
    return () => rm(folder, { recursive: true });
  });

  const describedAs = async (change: (description: Record<string, unknown>) => unknown) => {
    const description = JSON.parse(await readFile(`${shipped}.json`, 'utf8'));
    await writeFile(join(folder, 'price.json'), JSON.stringify(change(description)));
  };
  const refused = async (message: RegExp, options?: OnnxOptions) => {
    const thrown = await onnx(path, options)
      .open()
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ConfigurationError);
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as Error).message).toContain(folder);
  };

  test('(nothing, when both files are as they were written)', async () => {
    const model = onnx(path);
    await model.open();
    await model.close();
  });

  test('a missing model', async () => {
    await rm(path);
    await refused(/the model cannot be read: ENOENT/);
  });

  test('a missing description', async () => {
    await rm(join(folder, 'price.json'));
    await refused(/the description of the model cannot be read: ENOENT.*price.json/);
  });

  test('a damaged model', async () => {
    await describedAs(({ sha256, ...others }) => others);
    await writeFile(path, (await readFile(path)).subarray(0, 5_000));
    await refused(/is no ONNX model that onnxruntime can load/);
  });

  test('a description that is no JSON', async () => {
    await writeFile(join(folder, 'price.json'), '{ "name": ');
    await refused(/is no JSON/);
  });

  test.each([
    ['without a version', { version: undefined }, /version/],
    ['without features', { features: [] }, /features/],
    ['with a text feature without categories', { features: [{ name: 'model', kind: 'text' }] }, /categories/],
    ['with a feature of another kind', { features: [{ name: 'model', kind: 'image' }] }, /kind/],
  ])('a description %s', async (_, change, message) => {
    await describedAs((description) => ({ ...description, ...change }));
    await refused(message);
  });

  test('a description of another file', async () => {
    await describedAs((description) => ({ ...description, sha256: '0'.repeat(64) }));
    await refused(/describes another file than .*price.onnx/);
  });

  test('features that make another number of columns', async () => {
    await describedAs(({ sha256, ...others }) => ({ ...others, features: [{ name: 'year', kind: 'number' }] }));
    await refused(/takes 36 columns, but the features in .* make 1:/);
  });

  test('an output that is not there', async () => {
    await refused(/gives \(variable: float32\); 'price' is no tensor of numbers among them/, { output: 'price' });
  });

  test('nothing that it need not: the description may have a name of its own', async () => {
    const elsewhere = join(folder, 'about.json');
    await copyFile(join(folder, 'price.json'), elsewhere);
    await rm(join(folder, 'price.json'));
    const model = onnx(path, { description: elsewhere, threads: 2 });
    await model.open();
    expect(model.identity.name).toBe('ford-price');
    await model.close();
  });
});
