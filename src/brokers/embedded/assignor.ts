/** A member as the assignor sees it. */
export interface AssignableMember {
  readonly topics: readonly string[];
  /** Partitions it should have, as `topic/partition`. The assignor changes them. */
  target: Set<string>;
}

/**
 * Spreads partitions over members: everyone keeps what he has as far as the result is even (no two members that could
 * swap differ by more than one), so that as few partitions as possible move.
 *
 * @param members in the order of joining
 * @param partitionsOf number of partitions of a topic; 0 when it does not exist
 */
export function assign(members: readonly AssignableMember[], partitionsOf: (topic: string) => number): void {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  const topicOf = new Map<string, string>();
  for (const topic of topics) {
    for (let partition = 0; partition < partitionsOf(topic); partition += 1) {
      topicOf.set(`${topic}/${partition}`, topic);
    }
  }
  const wants = (member: AssignableMember, key: string): boolean => member.topics.includes(topicOf.get(key)!);

  const free = new Set(topicOf.keys());
  for (const member of members) {
    member.target = new Set([...member.target].filter((key) => free.has(key) && wants(member, key)));
    for (const key of member.target) free.delete(key);
  }
  for (const key of free) leastLoaded(members.filter((member) => wants(member, key)))?.target.add(key);

  while (moveOne(members, wants));
}

function leastLoaded(members: readonly AssignableMember[]): AssignableMember | undefined {
  let least: AssignableMember | undefined;
  for (const member of members) if (least === undefined || member.target.size < least.target.size) least = member;
  return least;
}

/** Moves one partition to a member that has at least two fewer. Each move evens the loads out, so this comes to an end. */
function moveOne(
  members: readonly AssignableMember[],
  wants: (member: AssignableMember, key: string) => boolean,
): boolean {
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
