import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillraceHome } from '../e2e/millrace-process.js';
import { contentsOf, millrace, type Ran, temporaryPackage, writeConfig } from './command.js';

const TOPOLOGY = 'topology/car-prices.ts';

let folder: string;
let home: string;
beforeAll(async () => {
  folder = await temporaryPackage();
  home = join(folder, 'home');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One line of what is wrong, exit code 2, and nothing was made. */
async function expectRefused(ran: Ran, message: RegExp, homeFolder = home): Promise<void> {
  expect(ran.errorOutput).toMatch(message);
  expect(ran.errorOutput).not.toMatch(/^\s+at /m);
  expect(ran).toMatchObject({ code: 2, output: '' });
  expect(await contentsOf(homeFolder)).toBeUndefined();
}

const dev = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  millrace(['dev', ...args], { MILLRACE_HOME: home, ...env });

describe('millrace dev refuses, before anything is changed,', () => {
  test('a port that is taken', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const ran = await dev([TOPOLOGY], { MILLRACE_PG_PORT: String(port) });
      await expectRefused(ran, new RegExp(`^millrace: Port ${port} is taken .* Set MILLRACE_PG_PORT`));
    } finally {
      server.close();
    }
  });

  test('a port that is none', async () => {
    await expectRefused(
      await dev([TOPOLOGY], { MILLRACE_PG_PORT: 'abc' }),
      /^millrace: MILLRACE_PG_PORT: 'abc' is no port/,
    );
  });

  test.skipIf(process.getuid?.() !== 0)('a folder that the account of PostgreSQL cannot enter', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const inside = join(closed, 'deep/home');
    const ran = await dev([TOPOLOGY], { MILLRACE_HOME: inside });
    await expectRefused(ran, new RegExp(`may not enter ${closed}\\b.*chmod o\\+x`), inside);
    expect(await contentsOf(closed)).toEqual([]);
  });

  test('a folder that cannot be made', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expectRefused(
      await dev([TOPOLOGY], { MILLRACE_HOME: join(file, 'home') }),
      /^millrace: the folder .*MILLRACE_HOME/,
    );
  });

  test('a topology file that is missing', async () => {
    await expectRefused(await dev(['topology/none.ts']), /^millrace: there is no file .*topology\/none\.ts$/m);
  });

  test.each([
    ['cannot be read as TypeScript', 'export default (', /broken\.ts cannot be loaded: /],
    [
      'imports what is not there',
      `import './nowhere.js'; export default 1;`,
      /broken\.ts cannot be loaded: Cannot find module/,
    ],
    ['has no topology', 'export default { name: "x" };', /broken\.ts has no topology as its default export/],
  ])('a topology file that %s', async (_what, text, message) => {
    const file = join(folder, 'broken.ts');
    await writeFile(file, text);
    await expectRefused(await dev([file]), message);
  });

  test('a topology file in a package of CommonJS, and says how to make it none; where Node loads it, it is as good as any', async () => {
    const commonJs = join(folder, 'common-js');
    await mkdir(commonJs);
    await writeFile(join(commonJs, 'package.json'), '{}');
    await writeFile(join(commonJs, 'cars.ts'), 'export default 1;');
    const ran = await dev([join(commonJs, 'cars.ts')]);
    if (/cannot be loaded/.test(ran.errorOutput)) {
      await expectRefused(ran, /cars\.ts cannot be loaded: no package\.json .*"type": "module"/);
      return;
    }
    await expectRefused(ran, /cars\.ts has no topology as its default export/);
    const config = join(commonJs, 'millrace.config.ts');
    await writeFile(config, `export default { 'application.id': 'cars', 'comit.interval.ms': 5 };`);
    await expectRefused(
      await dev([TOPOLOGY, '--config', config]),
      /^millrace: comit\.interval\.ms: is no setting of millrace/,
    );
  });

  test.each([
    ['of the application', `'comit.interval.ms': 5`, /^millrace: comit\.interval\.ms: is no setting of millrace/],
    ['of dev', 'dev: { ...base.dev, databse: "x" }', /^millrace: dev\.databse: is no setting of millrace/],
    [
      'of the capture',
      `source: { ...base.source, 'slot.nam': 'x' }`,
      /^millrace: The capture has no setting "slot\.nam"/,
    ],
    [
      'of the sink',
      `sink: { ...base.sink, 'insert.mod': 'x' }`,
      /^millrace: The table sink has no setting "insert\.mod"/,
    ],
  ])('an unknown setting %s', async (what, lines, message) => {
    const config = await writeConfig(folder, `${what.replaceAll(' ', '-')}.ts`, lines);
    await expectRefused(await dev([TOPOLOGY, '--config', config]), message);
  });

  test('a configuration without what it needs, or that is not there', async () => {
    const config = await writeConfig(folder, 'no-source.ts', 'source: undefined');
    await expectRefused(await dev([TOPOLOGY, '--config', config]), /^millrace: millrace dev needs source/);
    await expectRefused(
      await dev([TOPOLOGY, '--config', join(folder, 'none.ts')]),
      /^millrace: there is no file .*none\.ts/,
    );
  });

  test.each([
    ['--rows abc', /^error: option '--rows <n>' argument 'abc' is invalid\. It must be a whole number/],
    ['--rows -1', /argument '-1' is invalid|unknown option/],
    ['--rate 0', /^error: option '--rate <n>' argument '0' is invalid\. It must be a number above 0/],
    ['--roes 5', /^error: unknown option '--roes'/],
  ])('%s', async (options, message) => {
    await expectRefused(await dev([TOPOLOGY, ...options.split(' ')]), message);
  });
});

describe('millrace', () => {
  test('refuses a command that it does not have', async () => {
    await expectRefused(await millrace(['devv']), /^error: unknown command 'devv'.*\n/);
  });

  test('shows where an error was thrown when asked', async () => {
    const { code, errorOutput } = await millrace(['--trace', 'describe', 'topology/none.ts']);
    expect(errorOutput).toMatch(/there is no file .*none\.ts\n\s+at .*default-export/);
    expect(code).toBe(2);
  });

  test.each([
    [['dev', 'topology/none.ts', '--json'], /^there is no file/],
    [['dev', TOPOLOGY, '--json', '--rows', 'abc'], /^option '--rows <n>' argument 'abc' is invalid/],
    [['devv', '--json'], /^unknown command 'devv'/],
    [['run', 'topology/none.ts', '--json'], /topology\/none\.ts/],
  ])('says it in JSON where that was asked: %s', async (args, message) => {
    const { code, output, errorOutput } = await millrace(args, { MILLRACE_HOME: home });
    expect(JSON.parse(output)).toEqual({ event: 'error', message: expect.stringMatching(message) });
    expect({ code, errorOutput }).toEqual({ code: 2, errorOutput: '' });
  });
});

describe('a second process on the same folder', () => {
  test('is refused by the number of the first, which goes on', async () => {
    const shared = await MillraceHome.make();
    try {
      const first = shared.dev(['--rows', '0']);
      const ready = await first.event('ready');
      const second = await millrace(['dev', TOPOLOGY], { MILLRACE_HOME: shared.path });
      expect(second.errorOutput).toMatch(new RegExp(`in use \\(millrace dev\\): process ${first.child.pid} holds it`));
      expect(second).toMatchObject({ code: 2, output: '' });
      expect(ready.home).toBe(shared.path);
      expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
    } finally {
      await shared.remove();
    }
  });
});
