import { ConfigurationError, model } from 'millrace';
import { fake, VirtualClock } from 'millrace/testing';
import { expect, test } from 'vitest';

const price = model<string, number>('price');

test('answers as it is told, and knows what it was asked', async () => {
  const constant = fake(price, { answer: 9 });
  expect(constant.identity).toEqual({ name: 'price', version: 'fake' });
  expect(await constant.predict(['a', 'b'])).toEqual([9, 9]);
  expect(await constant.predict(['c'])).toEqual([9]);
  expect([constant.asked, constant.questions, constant.batches]).toEqual([3, ['a', 'b', 'c'], [2, 1]]);
  const computed = fake(price, { answer: (text) => text.length, version: '7' });
  expect(await computed.predict(['abc', ''])).toEqual([3, 0]);
  expect(computed.identity.version).toBe('7');
});

test('fails for one row, whether the error is returned or thrown', async () => {
  const returning = fake(price, { answer: (text) => (text === 'b' ? new Error('no b') : 1) });
  expect(await returning.predict(['a', 'b', 'c'])).toEqual([1, new Error('no b'), 1]);
  const throwing = fake(price, {
    answer: (text) => {
      if (text === 'b') throw new Error('no b');
      return 1;
    },
  });
  expect(await throwing.predict(['a', 'b', 'c'])).toEqual([1, new Error('no b'), 1]);
  expect(await fake(price, { answer: new Error('down') }).predict(['a'])).toEqual([new Error('down')]);
});

test('is as late as its slowest row, in virtual time', async () => {
  const clock = new VirtualClock();
  const slow = fake(price, { answer: 1, delay: (text) => text.length * 10 });
  slow.runOn(clock);
  let answered = -1;
  const asked = slow.predict(['a', 'abc', 'ab']).then(() => {
    answered = clock.now();
  });
  await clock.run(100);
  await asked;
  expect(answered).toBe(30);
});

test('a delay without a clock, and one that is none', async () => {
  await expect(fake(price, { answer: 1, delay: 5 }).predict(['a'])).rejects.toThrow(/has a delay and no clock/);
  await expect(fake(price, { answer: 1, delay: -1 }).predict(['a'])).rejects.toThrow(ConfigurationError);
  await expect(fake(price, { answer: 1, delay: () => Number.NaN }).predict(['a'])).rejects.toThrow(/is NaN for "a"/);
});

test('one that never answers ends when nobody waits any more', async () => {
  const gone = new AbortController();
  const asked = fake(price, { answer: 1, delay: Number.POSITIVE_INFINITY }).predict(['a'], gone.signal);
  gone.abort(new Error('nobody waits'));
  await expect(asked).rejects.toThrow('nobody waits');
});
