/** What is done to the processes and the broker, and when: the same seed gives the same plan. */
import { seeded } from '../e2e/seeded-random.js';

/** How often what is done. */
export interface Counts {
  /** `kill -9` of a process. Two of three are started again at once, the others after their session has expired. */
  readonly kills: number;
  /** Stopped past the session timeout and continued: another member has its partitions by then. */
  readonly zombies: number;
  /** Stopped, and its name taken by a successor with an empty disk before it is continued. */
  readonly replaced: number;
  /** The broker is killed and started again. */
  readonly brokerRestarts: number;
}

export interface Act {
  readonly kind: 'kill' | 'zombie' | 'replaced' | 'broker';
  /** Milliseconds since the act before it. */
  readonly after: number;
  /** Which process, if it is up; else the other one. */
  readonly victim: 0 | 1;
  /** Only a process that has its partitions can become a zombie; it may be killed while it starts, too. */
  readonly when: 'working' | 'up';
  /** Milliseconds until it is started again, or continued. */
  readonly pause: number;
}

export interface Times {
  readonly sessionTimeoutMs: number;
  /** Longest time between two acts. */
  readonly longestGapMs: number;
}

/** The acts in their order. The first is a kill, so that even a run that is cut short has one. */
export function planOf(seed: number, counts: Counts, { sessionTimeoutMs, longestGapMs }: Times): readonly Act[] {
  const random = seeded(seed);
  const kinds: Act['kind'][] = [
    ...Array<'kill'>(Math.max(0, counts.kills - 1)).fill('kill'),
    ...Array<'zombie'>(counts.zombies).fill('zombie'),
    ...Array<'replaced'>(counts.replaced).fill('replaced'),
    ...Array<'broker'>(counts.brokerRestarts).fill('broker'),
  ];
  const shuffled = kinds.map((kind) => ({ kind, at: random() })).sort((a, b) => a.at - b.at);
  const order: readonly Act['kind'][] = [
    ...(counts.kills > 0 ? ['kill' as const] : []),
    ...shuffled.map(({ kind }) => kind),
  ];
  return order.map((kind, index) => {
    const expired = sessionTimeoutMs + 1_500 + random() * 2_000;
    const atOnce = random() * 300;
    return {
      kind,
      after: 300 + random() * (longestGapMs - 300),
      victim: random() < 0.5 ? 0 : 1,
      when: kind === 'kill' && index % 4 === 3 ? 'up' : 'working',
      pause: kind === 'kill' && index % 3 !== 2 ? atOnce : expired,
    };
  });
}
