/** What a marble test says when it is red. */
import { filter, mapValues, model, predict, processValues, recordOf, withValue } from 'millrace';
import { type MarbleHelpers, marbles } from 'millrace/testing';
import { EMPTY, interval, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';

const a = recordOf('k', { price: 1, model: 'Focus' });
const b = recordOf('k', { price: 2, model: 'Fiesta' });

async function messageOf(declare: (helpers: MarbleHelpers) => unknown): Promise<string> {
  const thrown = await failureOf(declare);
  return thrown.message;
}

async function failureOf(declare: (helpers: MarbleHelpers) => unknown): Promise<Error> {
  try {
    await marbles(declare as Parameters<typeof marbles>[0])();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('the test was green');
}

describe('records that are not those of the diagram', () => {
  test('at another frame', async () => {
    const message = await messageOf(({ cold, expectRecords }) => {
      expectRecords(cold('--a-b|', { a, b })).toBe('-a--b|', { a, b });
    });
    expect(message).toBe(
      [
        'the records are not those of the diagram',
        "  expected  '-a--b|'",
        "  actual    '--a-b|'",
        'a came at frame 2, expected at frame 1',
      ].join('\n'),
    );
  });

  test('other values: where they differ, and what the new letters are', async () => {
    const message = await messageOf(({ cold, expectRecords }) => {
      const cars = cold('-a--b|', { a, b: withValue(b, { price: 3, model: 'Fiesta' }) });
      expectRecords(cars).toBe('-a--b|', { a, b });
    });
    const lines = message.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'the records are not those of the diagram',
      "  expected  '-a--b|'",
      "  actual    '-a--A|'",
    ]);
    expect(lines[3]).toMatch(/^ {2}A = \{ key: 'k', value: \{ price: 3, model: 'Fiesta' \}, timestamp: 0/);
    expect(lines.slice(4)).toEqual(['frame 4: A came, expected b', '  value.price: expected 2, got 3']);
  });

  test('properties that are missing, lists, and what has no properties', async () => {
    const wanted = recordOf('k', { tags: ['new', 'red'], at: new Date(0), more: 1 as number | undefined });
    const came = recordOf('k', { tags: ['new', 'blue'], at: new Date(1), extra: 2 });
    const message = await messageOf(({ cold, expectRecords }) => {
      expectRecords(cold('a|', { a: came })).toBe('a|', { a: wanted } as never);
    });
    expect(message.split('\n').slice(-4)).toEqual([
      "  value.tags[1]: expected 'red', got 'blue'",
      '  value.at: expected 1970-01-01T00:00:00.000Z, got 1970-01-01T00:00:00.001Z',
      '  value.more: expected 1, got nothing',
      '  value.extra: expected nothing, got 2',
    ]);
  });

  test('too many differences are counted', async () => {
    const wide = (n: number) => recordOf('k', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}`, n])));
    const message = await messageOf(({ cold, expectRecords }) => {
      expectRecords(cold('a|', { a: wide(1) })).toBe('a|', { a: wide(2) });
    });
    expect(message.split('\n').at(-1)).toBe('  and 8 more');
  });

  test('one that is missing, one too many, another end', async () => {
    const ends = (input: string, expected: string) =>
      messageOf(({ cold, expectRecords }) => {
        expectRecords(cold(input, { a, b })).toBe(expected, { a, b });
      });
    expect(await ends('a', 'a-b')).toMatch(/frame 2: nothing came, expected b$/);
    expect(await ends('a-b', 'a')).toMatch(/frame 2: b came, expected nothing more$/);
    expect(await ends('a-|', 'a')).toMatch(/frame 2: the end \(\|\) came, expected nothing more$/);
    expect(await ends('a-|', 'a-b')).toMatch(/frame 2: the end \(\|\) came, expected b$/);
    expect(await ends('a-|', 'a#')).toMatch(/frame 2: the end \(\|\) came, expected an error \(#\) at frame 1$/);
  });

  test('errors: another one, none at all', async () => {
    const fails = (error: unknown) =>
      messageOf(({ cold, expectRecords }) => {
        expectRecords(cold<typeof a>('#', {}, new Error('no water'))).toBe('#', {}, error);
      });
    expect(await fails(/no power/)).toContain('expected the error /no power/ (#)');
    expect(await fails(new Error('no power'))).toMatch(/the error .*no water.* came, expected the error .*no power/s);
  });

  test('long gaps and groups are written as one would write them', async () => {
    const message = await messageOf(({ cold, expectRecords }) => {
      expectRecords(cold('a 1999ms (ab|)', { a, b })).toBe('a 1999ms (ab)', { a, b });
    });
    expect(message).toContain("  expected  'a 1999ms (ab)'\n  actual    'a 1999ms (ab|)'");
  });

  test('what marbles cannot say is said by frames', async () => {
    const message = await messageOf(({ cold, expectRecords }) => {
      expectRecords(cold('(ab)', { a, b })).toBe([
        [0, a],
        [0, b],
        [1, a],
      ]);
    });
    expect(message).toContain('  expected  0: A B, 1: A');
    expect(message).toMatch(/frame 1: nothing came, expected A$/);
  });

  test('an empty stream', async () => {
    const message = await messageOf(({ expectRecords }) => expectRecords(EMPTY).toBe('-'));
    expect(message).toContain("  expected  '-'\n  actual    '|'");
  });

  test('the error points at the line of the expectation', async () => {
    const { stack } = await failureOf(({ cold, expectRecords }) => {
      expectRecords(cold('a|', { a })).toBe('b|', { b });
    });
    expect(stack?.split('\n').find((line) => line.trim().startsWith('at '))).toContain('marbles-messages.test.ts');
  });
});

describe('subscriptions that are not those of the diagram', () => {
  test('both are shown', async () => {
    const message = await messageOf(({ cold, expectRecords, expectSubscriptions }) => {
      const cars = cold('a--b|', { a, b });
      expectRecords(cars, '-^-!').toBe('-a', { a });
      expectRecords(cars).toBe('a--b|', { a, b });
      expectSubscriptions(cars.subscriptions).toBe(['^--!', '^---!']);
    });
    expect(message).toBe(
      ['the source was not subscribed as expected', "  expected  '^--!', '^---!'", "  actual    '^---!', '-^-!'"].join(
        '\n',
      ),
    );
  });

  test('never, still open, and at once', async () => {
    const message = (subscribed: string | string[], expected: string | string[]) =>
      messageOf(({ cold, expectRecords, expectSubscriptions }) => {
        const cars = cold(subscribed === 'open' ? '-' : '|');
        if (subscribed !== 'never') expectRecords(cars as never).toBe(subscribed === 'open' ? '-' : '|');
        expectSubscriptions(cars.subscriptions).toBe(expected);
      });
    expect(await message('never', '^')).toContain("expected  '^'\n  actual    never");
    expect(await message('open', [])).toContain("expected  never\n  actual    '^'");
    expect(await message('closed', '^-!')).toContain("actual    '(^!)'");
  });
});

describe('tests that test nothing', () => {
  test('expectRecords without toBe', async () => {
    const thrown = await failureOf(({ cold, expectRecords }) => {
      expectRecords(cold('a|', { a }));
    });
    expect(thrown.message).toBe('expectRecords() was left without toBe(): it expects nothing');
    expect(thrown.stack).toContain('marbles-messages.test.ts');
  });

  test('expectSubscriptions without toBe', async () => {
    const message = await messageOf(({ cold, expectRecords, expectSubscriptions }) => {
      const cars = cold('a|', { a });
      expectRecords(cars).toBe('a|', { a });
      expectSubscriptions(cars.subscriptions);
    });
    expect(message).toMatch(/^expectSubscriptions\(\) was left without toBe\(\)/);
  });

  test.each(['cold', 'hot'] as const)('a %s source without a subscriber', async (kind) => {
    const message = await messageOf((helpers) => {
      helpers[kind]('a-b|', { a, b }).pipe(filter(() => true));
    });
    expect(message).toMatch(
      new RegExp(`^${kind}\\('a-b\\|'\\) was never subscribed to: give the stream to expectRecords`),
    );
  });

  test(
    'unless that is what is expected',
    marbles(({ cold, expectSubscriptions }) => {
      expectSubscriptions(cold('a|', { a }).subscriptions).toBe([]);
    }),
  );

  test('an asynchronous test', async () => {
    expect(await messageOf(async () => undefined)).toMatch(/declares everything at once/);
  });
});

describe('what cannot be played', () => {
  test('a model that is no fake', async () => {
    const fordPrice = model<number, number>('ford-price');
    const message = await messageOf(({ cold, expectRecords }) => {
      const cars = cold('a|', { a: recordOf('k', 1) });
      expectRecords(cars.pipe(predict(fordPrice, { features: (n: number) => n }))).toBe('|');
    });
    expect(message).toMatch(/the error .*'ford-price' is not bound: in a marble test give predict\(\) a fake/s);
  });

  test('a stream without an end', async () => {
    const message = await messageOf(({ expectRecords }) => expectRecords(interval(1) as never).toBe('-'));
    expect(message).toMatch(/still more: is there a timer without an end\?/);
  });

  test('a diagram that is none', async () => {
    expect(await messageOf(({ expectRecords }) => expectRecords(NEVER).toBe('-!'))).toMatch(/unsubscription marker/);
  });
});

test('a schedule ends with the test: what is left subscribed is unsubscribed', async () => {
  let closed = 0;
  const closing = processValues({ process: () => undefined, close: () => (closed += 1) });
  await marbles(({ cold, expectRecords }) => {
    expectRecords(cold('a', { a }).pipe(closing)).toBe('-');
    return () => expect(closed).toBe(0);
  })();
  expect(closed).toBe(1);
});

test(
  'RxJS’s test schedulers are no part of it',
  marbles(({ cold, hot, time, clock, expectRecords, expectSubscriptions }) => {
    const cars = hot('a-^-b-c|', { a, b, c: a });
    expectRecords(cars.pipe(mapValues(({ price }) => price)), '^--!').toBe('--b', { b: withValue(b, 2) });
    expectSubscriptions(cars.subscriptions).toBe('^--!');
    const later = cold('-a|', { a });
    expectRecords(later, '--^').toBe('---a|', { a });
    expectSubscriptions(later.subscriptions).toBe('--^-!');
    expect(time('---|')).toBe(3);
    expect(clock.now()).toBe(0);
  }),
);
