/** Compares how long a source was subscribed with subscription diagrams. */
import { AssertionError } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { TestScheduler } from 'rxjs/testing';

/** When somebody subscribed and unsubscribed; `Infinity`: never. As RxJS's test observables log it. */
export interface SubscriptionFrames {
  readonly subscribedFrame: number;
  readonly unsubscribedFrame: number;
}

/** Reads `^--!`. Only inside the setting up of a marble test. */
export function parseSubscription(diagram: string): SubscriptionFrames {
  const { subscribedFrame, unsubscribedFrame } = TestScheduler.parseMarblesAsSubscriptions(diagram, true);
  return { subscribedFrame, unsubscribedFrame };
}

/** @throws AssertionError with the diagrams of both */
export function compareSubscriptions(
  expected: readonly SubscriptionFrames[],
  logged: readonly SubscriptionFrames[],
): void {
  const actual = logged.map(({ subscribedFrame, unsubscribedFrame }) => ({ subscribedFrame, unsubscribedFrame }));
  if (isDeepStrictEqual(actual, expected)) return;
  const message = [
    'the source was not subscribed as expected',
    `  expected  ${writeSubscriptions(expected)}`,
    `  actual    ${writeSubscriptions(actual)}`,
  ].join('\n');
  throw new AssertionError({ message, operator: 'toBe' });
}

function writeSubscriptions(all: readonly SubscriptionFrames[]): string {
  return all.length === 0 ? 'never' : all.map((each) => `'${writeSubscription(each)}'`).join(', ');
}

function writeSubscription({ subscribedFrame: from, unsubscribedFrame: to }: SubscriptionFrames): string {
  const start = '-'.repeat(from);
  if (to === Number.POSITIVE_INFINITY) return `${start}^`;
  return to === from ? `${start}(^!)` : `${start}^${'-'.repeat(to - from - 1)}!`;
}
