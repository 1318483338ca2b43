/** millrace/testing: what a test of a topology or an operator imports. */
export { recordOf, type StreamRecord, withKey, withKeyValue, withValue } from '../record.js';
export { FakeModel, type FakeOptions, fake } from './fake.js';
export { type MarbleHelpers, marbles, type RecordExpectation, type SubscriptionExpectation } from './marbles.js';
export { MemoryRegistry } from './memory-registry.js';
export { type DecodeOptions, Recording, replayFile, type StreamOptions } from './replay-file.js';
export type { PipedParts, TestInputTopic } from './test-input-topic.js';
export type { TestOutputTopic } from './test-output-topic.js';
export {
  DEAD_LETTERS,
  type ReadableStore,
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from './topology-test-driver.js';
export { VirtualClock } from './virtual-clock.js';
