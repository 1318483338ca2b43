/**
 * What `npm pack` gives, in a project of somebody else: only the files that belong there, types, the README's topology and
 * marble test, the command. The project finds the package's declared dependencies and nothing else of the checkout.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenPromise, promisedOutput } from '../../scripts/promised-output.js';
import { ROOT, textOf } from '../house/imports.js';

const run = promisify(execFile);
const SOURCES = [
  'examples/01-first-topology.ts',
  'examples/02-marble-test.ts',
  'models/ford/index.ts',
  'models/ford/features.ts',
  'schemas/cars.ts',
  'state/cars.ts',
  'topology/car-prices.ts',
];
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  },
  include: ['**/*.ts'],
};

let project: string;
const modules = () => join(project, 'node_modules');

async function link(name: string): Promise<void> {
  const path = join(modules(), name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(ROOT, 'node_modules', name), path);
}

/** Standard output of a program of the project; what it wrote to standard error is in the message when it fails. */
async function node(...args: string[]): Promise<string> {
  return (await run(process.execPath, args, { cwd: project })).stdout;
}

const check = () => node(join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.json');

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'millrace-package-'));
  await mkdir(modules());
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: ROOT });
  await run('tar', ['-xzf', stdout.trim().split('\n').at(-1)!], { cwd: project });
  await rename(join(project, 'package'), join(modules(), 'millrace'));
  const { dependencies, optionalDependencies } = JSON.parse(textOf('package.json'));
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), '@types/node']) await link(name);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const file of SOURCES) await cp(join(ROOT, file), join(project, file));
});
afterAll(() => rm(project, { recursive: true, force: true }));

test('has what is used, and nothing else', async () => {
  const files = await readdir(join(modules(), 'millrace'));
  expect(files.sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'docs',
    'native',
    'package.json',
    'src',
  ]);
  const native = await readdir(join(modules(), 'millrace/native'));
  expect(native.sort()).toEqual(['binding.gyp', 'build.js', 'paths.js', 'src']);
});

test('has types: the topology compiles, and a wrong type does not', async () => {
  await check();
  const wrong = join(project, 'wrong.ts');
  await writeFile(wrong, "import { mapValues } from 'millrace';\nmapValues((value: number) => value.length);\n");
  await expect(check()).rejects.toMatchObject({ stdout: expect.stringContaining('wrong.ts(2,') });
  await rm(wrong);
});

test.each(SOURCES.slice(0, 2))('%s prints what it says', async (file) => {
  const promised = promisedOutput(await readFile(join(project, file), 'utf8'));
  expect(promised.length).toBeGreaterThan(1);
  expect(brokenPromise(promised, await node('--import', 'tsx', file))).toBeUndefined();
});

test('builds what is in C++ when it is installed', async () => {
  await run('npm', ['run', 'install'], { cwd: join(modules(), 'millrace') });
  const loads =
    "import('node-rdkafka').then(() => require('./node_modules/millrace/native/build/Release/batches.node'))";
  expect(await node('--print', `${loads}.then((built) => console.log(Object.keys(built).join())); ''`)).toContain(
    'fetch',
  );
});

test('is installed without what is in C++ where there is no node-rdkafka', async () => {
  const alone = await mkdtemp(join(tmpdir(), 'millrace-alone-'));
  try {
    await cp(join(modules(), 'millrace/native'), join(alone, 'native'), { recursive: true });
    await writeFile(join(alone, 'package.json'), '{ "type": "module" }');
    const { stderr } = await run(process.execPath, ['native/build.js'], { cwd: alone });
    expect(stderr).toBe(
      "millrace moves Kafka's messages one by one, which takes longer: node-rdkafka is not installed\n",
    );
  } finally {
    await rm(alone, { recursive: true, force: true });
  }
});

test('the command reads a topology of the project', async () => {
  const command = join(modules(), 'millrace/bin/millrace.js');
  const { version } = JSON.parse(textOf('package.json'));
  expect(await node(command, '--version')).toBe(`${version}\n`);
  expect(await node(command, 'describe', 'topology/car-prices.ts')).toMatch(/^Topologies:\n {3}Sub-topology: 0/);
});
