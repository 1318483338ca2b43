/** A member as the assignor sees it. */
export interface AssignableMember {
  readonly topics: readonly string[];
  /** Sets of its topics whose partitions of one number go to one member. */
  readonly copartitioned: readonly (readonly string[])[];
  /** Partitions it should have, as `topic/partition`. The assignor changes them. */
  target: Set<string>;
}

/**
 * Spreads partitions over members: everyone keeps what he has as far as the result is even (no two members that could
 * swap differ by more than one), so that as few partitions as possible move. Copartitioned topics count as one: what is
 * assigned is partition n of the first of them, and that of the others goes with it.
 *
 * @param members in the order of joining
 * @param partitionsOf number of partitions of a topic; 0 when it does not exist
 */
export function assign(members: readonly AssignableMember[], partitionsOf: (topic: string) => number): void {
  const sets = members.flatMap(({ copartitioned }) => copartitioned);
  if (sets.length === 0) {
    spread(members, partitionsOf);
    return;
  }
  const firstOf = new Map(sets.flatMap((topics) => topics.map((topic) => [topic, topics[0]!] as const)));
  const first = (topic: string): string => firstOf.get(topic) ?? topic;
  const together = (topic: string): readonly string[] => sets.find(([leader]) => leader === topic) ?? [topic];

  const leaders = members.map((member) => ({
    topics: [...new Set(member.topics.map(first))],
    target: new Set([...member.target].map((key) => keyOf(first(topicOf(key)), numberOf(key)))),
  }));
  spread(leaders, (topic) => Math.max(...together(topic).map(partitionsOf)));
  for (const [index, { target }] of leaders.entries()) {
    const keys = [...target].flatMap((key) =>
      together(topicOf(key))
        .filter((topic) => numberOf(key) < partitionsOf(topic))
        .map((topic) => keyOf(topic, numberOf(key))),
    );
    members[index]!.target = new Set(keys);
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;
const topicOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));
const numberOf = (key: string): number => Number(key.slice(key.lastIndexOf('/') + 1));

type Spreadable = Pick<AssignableMember, 'topics' | 'target'>;

function spread(members: readonly Spreadable[], partitionsOf: (topic: string) => number): void {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  const free = new Set<string>();
  for (const topic of topics) {
    for (let partition = 0; partition < partitionsOf(topic); partition += 1) free.add(keyOf(topic, partition));
  }
  const wants = (member: Spreadable, key: string): boolean => member.topics.includes(topicOf(key));

  for (const member of members) {
    member.target = new Set([...member.target].filter((key) => free.has(key) && wants(member, key)));
    for (const key of member.target) free.delete(key);
  }
  for (const key of free) leastLoaded(members.filter((member) => wants(member, key)))?.target.add(key);

  while (moveOne(members, wants));
}

function leastLoaded(members: readonly Spreadable[]): Spreadable | undefined {
  let least: Spreadable | undefined;
  for (const member of members) if (least === undefined || member.target.size < least.target.size) least = member;
  return least;
}

/** Moves one partition to a member that has at least two fewer. Each move evens the loads out, so this comes to an end. */
function moveOne(members: readonly Spreadable[], wants: (member: Spreadable, key: string) => boolean): boolean {
  const heaviestFirst = [...members].sort((a, b) => b.target.size - a.target.size);
  for (const giver of heaviestFirst) {
    for (const key of [...giver.target].reverse()) {
      const taker = leastLoaded(members.filter((member) => member !== giver && wants(member, key)));
      if (taker !== undefined && giver.target.size - taker.target.size >= 2) {
        giver.target.delete(key);
        taker.target.add(key);
        return true;
      }
    }
  }
  return false;
}
