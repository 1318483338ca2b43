/** `millrace run` holds V8's young generation where it takes little memory. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const MODULE = new URL('../../bin/young-generation.js', import.meta.url).href;

/** MiB of the young generation after a load of which much survives. */
function sizeAfterLoad(flags: readonly string[], before: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { keepYoungGenerationSmall } from ${JSON.stringify(MODULE)};
    ${before}
    let alive = [];
    for (let n = 0; n < 100; n += 1) alive = [...alive.slice(-40_000), ...Array.from({ length: 20_000 }, (_, i) => [n, i])];
    console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20);`;
  const args = [...flags, '--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, args, { cwd: fileURLToPath(new URL('.', import.meta.url)) }));
}

describe('the young generation', () => {
  test('stays at 32 MiB', () => {
    expect(sizeAfterLoad([], 'keepYoungGenerationSmall();')).toBe(32);
  });

  test('grows as far as whoever starts the process says', () => {
    expect(sizeAfterLoad(['--max-semi-space-size=64'], 'keepYoungGenerationSmall();')).toBeGreaterThanOrEqual(64);
  });
});
