/** Setting an application back. */
export { type ResetFile, type ResetOptions, type ResetResult, type ResetTo, resetApplication } from './reset.js';
export { parseResetFile } from './reset-file.js';
