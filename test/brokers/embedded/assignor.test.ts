import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssignableMember } from '../../../src/brokers/embedded/assignor.js';
import { assign } from '../../../src/brokers/embedded/assignor.js';

const memberOf = (...topics: readonly string[]): AssignableMember => ({
  topics,
  copartitioned: [],
  target: new Set(),
});

describe('assign', () => {
  it('spreads partitions evenly, each to one member that wants its topic', () => {
    const topics = fc.subarray(['a', 'b', 'c'], { minLength: 1 });
    const history = fc.array(fc.record({ join: fc.boolean(), topics, who: fc.nat() }), { minLength: 1, maxLength: 12 });
    const counts = fc.record({ a: fc.nat(7), b: fc.nat(7), c: fc.nat(7) });
    fc.assert(
      fc.property(history, counts, (steps, partitions) => {
        const partitionsOf = (topic: string): number => partitions[topic as 'a' | 'b' | 'c'];
        const members: AssignableMember[] = [];
        for (const step of steps) {
          if (step.join || members.length === 0) members.push(memberOf(...step.topics));
          else members.splice(step.who % members.length, 1);
          assign(members, partitionsOf);

          const given = members.flatMap((member) => [...member.target]);
          const wanted = new Set(members.flatMap((member) => member.topics));
          const expected = [...wanted].flatMap((topic) =>
            Array.from({ length: partitionsOf(topic) }, (_, partition) => `${topic}/${partition}`),
          );
          expect(given.sort()).toEqual(expected.sort());
          for (const giver of members) {
            for (const key of giver.target) {
              const topic = key.split('/')[0]!;
              expect(giver.topics).toContain(topic);
              for (const taker of members.filter((each) => each.topics.includes(topic))) {
                expect(giver.target.size - taker.target.size).toBeLessThan(2);
              }
            }
          }
        }
      }),
    );
  });

  it('moves no more than it must', () => {
    const [a, b, c] = [memberOf('t'), memberOf('t'), memberOf('t')];
    assign([a, b], () => 6);
    const before = [new Set(a.target), new Set(b.target)];
    assign([a, b, c], () => 6);
    expect([a, b, c].map((member) => member.target.size)).toEqual([2, 2, 2]);
    expect([...a.target].every((key) => before[0]!.has(key))).toBe(true);
    expect([...b.target].every((key) => before[1]!.has(key))).toBe(true);
  });

  it('gives the same numbers of copartitioned topics to one member, evenly, whoever comes and goes', () => {
    const together = (): AssignableMember => ({
      topics: ['a', 'b', 'c'],
      copartitioned: [['a', 'b']],
      target: new Set(),
    });
    const numbers = (member: AssignableMember, topic: string) =>
      [...member.target].filter((key) => key.startsWith(`${topic}/`)).map((key) => key.slice(2));
    fc.assert(
      fc.property(
        fc.array(fc.record({ join: fc.boolean(), who: fc.nat() }), { maxLength: 12 }),
        fc.nat(7),
        (steps, n) => {
          const members = [together()];
          for (const { join, who } of steps) {
            if (join || members.length === 1) members.push(together());
            else members.splice(who % members.length, 1);
            assign(members, (topic) => (topic === 'c' ? 1 : n));
            expect(members.flatMap(({ target }) => [...target])).toHaveLength(2 * n + 1);
            const loads = members.map((member) => numbers(member, 'a').length + numbers(member, 'c').length);
            expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(2);
            for (const member of members) expect(numbers(member, 'b').sort()).toEqual(numbers(member, 'a').sort());
          }
        },
      ),
    );
  });
});
