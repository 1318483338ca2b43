/** What a replay is going to do, fixed when it is first started. It is kept as JSON: see kept-replays.ts. */

/** A partition of an input and what is replayed of it. */
export interface PlannedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The first offset that is read. */
  readonly from: number;
  /** The offset to stop before. As much as `from`: nothing is read of the partition. */
  readonly to: number;
  /** Times of the first and the last record in between, milliseconds since the epoch; null: there is none. */
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

/** A topic that a replay writes to. */
export interface PlannedOutput {
  /** The topic that the live application writes to. */
  readonly live: string;
  /** Where the replay writes; the same under `intoLive`. */
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** A plan of a replay. */
export interface ReplayPlan {
  readonly name: string;
  /** The replay's own `application.id`: its group, its transactional ids, its changelogs, its state. */
  readonly applicationId: string;
  readonly liveApplicationId: string;
  readonly topology: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly partitions: readonly PlannedPartition[];
  readonly outputs: readonly PlannedOutput[];
  /** Changelog topics of the replay. */
  readonly changelogs: readonly string[];
  readonly intoLive: boolean;
  readonly withState: boolean;
  /** What was asked for, in texts: the same command finds its replay, another one is told apart. */
  readonly asked: Readonly<Record<string, string>>;
}

/** Offsets that lie in the plan: as many records at most, since offsets have gaps. */
export function offsetsIn(plan: Pick<ReplayPlan, 'partitions'>): number {
  return plan.partitions.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
}

/** The application id of a replay. */
export function replayApplicationId(liveApplicationId: string, name: string): string {
  return `${liveApplicationId}-replay-${name}`;
}

/** The folder of a replay's state: a later replay of the name has another, whatever an earlier one left on a machine. */
export function stateFolder({ applicationId, createdAt }: ReplayPlan): string {
  return `${applicationId}/${createdAt.replaceAll(/\D/g, '')}`;
}

/** The topic that a replay writes to instead of a live one. */
export function replayTopic(live: string, name: string): string {
  return `${live}.replay-${name}`;
}
