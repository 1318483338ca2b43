/** Replay: a topology once more, over a part of its topics. */
export type { ReplayEdge } from './edge.js';
export type { KeptReplay, ReplayState } from './kept-replays.js';
export type { ReplayOptions } from './options.js';
export type { PlannedOutput, PlannedPartition, ReplayPlan } from './plan.js';
export type { PartitionProgress, ReplayCounts, ReplayProgress } from './progress.js';
export type { ReplayFilter } from './redirect.js';
export { replay, replayEstimate, replayPlan } from './replay.js';
export { type DeletedReplay, deleteReplay, listReplays, type ReplayStatus } from './replays.js';
export type { ReplayEstimate } from './sample.js';
export type { Reached } from './start-offsets.js';
