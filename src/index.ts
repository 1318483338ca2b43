/** millrace: what an application imports. */

// An application and its settings.
export {
  Application,
  type ApplicationListener,
  type ApplicationStatus,
  type RunLimits,
  type Surroundings,
} from './app/application.js';
export type { ApplicationConfig, ModelBinding } from './app/config.js';
export { type DevConfig, defineConfig, type MillraceConfig, type SampleRows } from './app/millrace-config.js';
export type { State, StateListener } from './app/state.js';
export { TopicWriter } from './app/topic-writer.js';

// Brokers: the embedded one, and the port that every broker has.
export { type EmbeddedBroker, type EmbeddedBrokerOptions, openEmbeddedBroker } from './brokers/embedded/index.js';
export type {
  Admin,
  Broker,
  ConsumedRecord,
  Consumer,
  ConsumerConfig,
  ProduceRequest,
  Producer,
  ProducerConfig,
  TopicPartition,
  TopicPartitionOffset,
  TopicSpec,
} from './brokers/port.js';

// Change events.
export {
  type Change,
  isUnavailable,
  type Long,
  type Source,
  type TransactionBlock,
  UNAVAILABLE,
} from './cdc/change.js';

// Clock, errors and their handlers.
export { type Clock, systemClock, type Timer } from './clock.js';
// Looking at topics and applications: comparing, recording, dead letters, setting back.
export {
  type ChangedRow,
  type ComparedTopic,
  type CompareOptions,
  type CompareReport,
  type Condition,
  compare,
  compareHtml,
  type Distribution,
  type FieldReport,
  type JoinedBy,
  parseCondition,
  type Row,
  type SideCounts,
} from './compare/index.js';
export {
  type DeadLetterGroup,
  type DeadLetterReason,
  type ListDeadLettersOptions,
  listDeadLetters,
  type RedriveOptions,
  type RedriveProgress,
  type RedriveResult,
  redriveDeadLetters,
  type ShownDeadLetter,
  showDeadLetter,
} from './dead-letters/index.js';
export { always, type ErrorDecision, type ErrorHandler } from './error-handler.js';
export {
  BrokerError,
  type BrokerErrorKind,
  ConfigurationError,
  RecordError,
  type RecordPhase,
  TopologyError,
} from './errors.js';
export { AnsweredBy } from './model/answered-by.js';
// Models.
export type { Availability } from './model/availability.js';
export { BatchRefused } from './model/batch-refused.js';
export type { BatcherStats } from './model/batcher.js';
export { type FallbackOptions, fallback } from './model/fallback.js';
export type { Outside } from './model/feature-ranges.js';
export { type BentomlOptions, bentoml } from './model/http/bentoml.js';
export type { IdentityOptions } from './model/http/http-model.js';
export type { HttpOptions } from './model/http/http-options.js';
export type { InferenceDatatype, InputTensor } from './model/http/inference-inputs.js';
export { type OpenInferenceOptions, openInference } from './model/http/open-inference.js';
export { type BatchingOptions, type Model, type ModelDeclaration, type ModelIdentity, model } from './model/model.js';
export { ModelAway } from './model/model-away.js';
export { ModelError, type ModelErrorKind } from './model/model-error.js';
export { type OnnxOptions, onnx } from './model/onnx.js';
export { type Difference, type ShadowOptions, shadow } from './model/shadow.js';
// Operators.
export type { ChangeMarker, ChangeMarkers, KeyPosition } from './operators/change-markers.js';
export { changePositions } from './operators/change-positions.js';
export { compose } from './operators/compose.js';
export { type DistinctOptions, distinct } from './operators/distinct.js';
export { enrich, type PredictionInfo } from './operators/enrich.js';
export { filter } from './operators/filter.js';
export { filterNot } from './operators/filter-not.js';
export { flatMap } from './operators/flat-map.js';
export { flatMapValues } from './operators/flat-map-values.js';
export { foreach } from './operators/foreach.js';
export { type LastValues, lastValues } from './operators/last-values.js';
export { map } from './operators/map.js';
export { type MapAsyncOptions, mapAsync } from './operators/map-async.js';
export { mapValues } from './operators/map-values.js';
export { ofTable } from './operators/of-table.js';
export type { Named, Operator, PunctuationType } from './operators/operator.js';
export { peek } from './operators/peek.js';
export { type PredictOptions, predict } from './operators/predict.js';
export type { Predicted } from './operators/predicted.js';
export { predictionMemory, type RememberedPrediction } from './operators/prediction-memory.js';
export { processValues, type ValueProcessor, type ValueProcessorContext } from './operators/process-values.js';
export type { ProcessingContext, RecordMetadata } from './operators/processor-context.js';
export { rx } from './operators/rx.js';
export { selectKey } from './operators/select-key.js';
export { unwrap } from './operators/unwrap.js';
export type { DeleteTombstoneHandlingMode, UnwrapOptions, Unwrapped } from './operators/unwrap-options.js';
export { type OwnOperator, operator, type ProcessorContext } from './operators/user-operator.js';
export type { Decoded } from './reading/any-encoding.js';
export { type Bound, parseBound } from './reading/bound.js';
export { type ReadRange, readRange } from './reading/bounded-read.js';
export { type RecordOptions, recordTopic } from './reading/recording.js';
// Records.
export {
  type ChangeContext,
  type ChangeOperation,
  type ConnectSchema,
  type Header,
  type Headers,
  NO_HEADERS,
  recordOf,
  type StreamRecord,
  withKey,
  withKeyValue,
  withValue,
} from './record.js';
// Schemas in a registry.
export {
  type EmbeddedRegistry,
  type EmbeddedRegistryOptions,
  openEmbeddedRegistry,
} from './registry/embedded/index.js';
export { RegistryError } from './registry/registry-error.js';
export type { SubjectNameStrategy } from './registry/subject-name.js';
export { waitForRegistry } from './registry/wait-for-registry.js';
// Replay.
export {
  type DeletedReplay,
  deleteReplay,
  type KeptReplay,
  listReplays,
  type PartitionProgress,
  type PlannedOutput,
  type PlannedPartition,
  type Reached,
  type ReplayCounts,
  type ReplayEdge,
  type ReplayEstimate,
  type ReplayFilter,
  type ReplayOptions,
  type ReplayPlan,
  type ReplayProgress,
  type ReplayState,
  type ReplayStatus,
  replay,
  replayEstimate,
  replayPlan,
} from './replay/index.js';
export {
  parseResetFile,
  type ResetFile,
  type ResetOptions,
  type ResetResult,
  type ResetTo,
  resetApplication,
} from './reset/index.js';
export { type AvroContract, avroContract } from './serde/avro/contract.js';
export { type AvroOptions, avro } from './serde/avro/encoding.js';
export { AvroSchemaError } from './serde/avro/read-avro-schema.js';
// Shapes of keys and values: schemas of columns, and serdes that fix an encoding.
export {
  array,
  boolean,
  bytes as binary,
  decimal,
  type Fields,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  named,
  optional,
  type RowOf,
  string as text,
  struct,
  type TypedSchema,
} from './serde/connect-schema.js';
export { json } from './serde/json.js';
export { bytes, double, int, long, string } from './serde/primitives.js';
export { type RowShape, row } from './serde/row-shape.js';
export type { Serde, SerdeContext } from './serde/serde.js';
export { type DeclaredShape, nullable, type Shape } from './serde/shape.js';

// Stores, and what lies under them.
export { type ChangelogSetting, earlierValues, type KeyValueStoreOptions, keyValueStore } from './state/declare.js';
export { type LmdbOptions, lmdbEngines } from './state/lmdb.js';
export { memoryEngines } from './state/memory.js';
export type { EarlierValues, KeyValueStore, StoreDeclaration, StoreEngine, StoreEngines } from './state/store.js';

// Topologies.
export type { Subtopology, TimestampExtractor, TopicChoice, Topology } from './topology/graph.js';
export { type BranchPredicate, otherwise } from './topology/split.js';
export type { Branches, ChosenSinkOptions, SourceOptions, Stream, StreamOf } from './topology/stream.js';
export {
  type ChangesOptions,
  type ChangesTopic,
  type CleanupPolicy,
  changes,
  type TableOptions,
  type Topic,
  type TopicDeclaration,
  type TopicOptions,
  type TopicShapes,
  type TopicSink,
  table,
  topic,
} from './topology/topic.js';
export { type TopologyBuilder, topology } from './topology/topology.js';
