/** Comparing topics. */
export { type CompareOptions, compare } from './compare.js';
export { type Condition, parseCondition } from './condition.js';
export type { Distribution } from './difference-distribution.js';
export { compareHtml } from './html.js';
export type { JoinedBy } from './joined-by.js';
export type { ChangedRow, CompareReport, FieldReport } from './report.js';
export type { ComparedTopic, Row, SideCounts } from './side.js';
