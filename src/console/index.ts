/** What a running application prints. */
export type { Console, Finished, MessageLevel, ModelAway, Priced, Ready, Status } from './console.js';
export { type ConsoleParts, humanConsole } from './human-console.js';
export { jsonConsole } from './json-console.js';
export { type Log, logConsole } from './log-console.js';
