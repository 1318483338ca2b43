/** Dead letters: what failed, one of them, and the way back. */
export type { DeadLetterReason } from './dead-letter-record.js';
export { type DeadLetterGroup, type ListDeadLettersOptions, listDeadLetters } from './list.js';
export { type RedriveOptions, type RedriveProgress, type RedriveResult, redriveDeadLetters } from './redrive.js';
export { type ShownDeadLetter, showDeadLetter } from './show.js';
