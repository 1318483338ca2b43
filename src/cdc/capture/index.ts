/** Capture of PostgreSQL's changes, published as Debezium's records. */
export { type Capture, type CaptureOptions, captureChanges } from './capture.js';
export type { CaptureConfig } from './capture-config.js';
export type { CaptureState, CaptureStatus } from './capture-status.js';
export type { CaptureSerdes } from './change-records.js';
export type { CaptureLogger } from './logger.js';
