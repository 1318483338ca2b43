/**
 * librdkafka's errors in the words of the port. What matters to the runtime is the kind, not the number.
 *
 * Source of the numbers: https://kafka.apache.org/protocol#protocol_error_codes (positive, the broker's) and
 * `rd_kafka_resp_err_t` in librdkafka's rdkafka.h (negative, its own).
 */
import { BrokerError, type BrokerErrorKind } from '../../errors.js';

/** What librdkafka hands out, as far as the translation reads it. */
export interface ClientError {
  readonly message: string;
  readonly code?: number;
  /** These three are set by the calls of a transaction only. */
  readonly isFatal?: boolean;
  readonly isRetriable?: boolean;
  readonly isTxnRequiresAbort?: boolean;
}

export const ERR_ASSIGN_PARTITIONS = -175;
export const ERR_REVOKE_PARTITIONS = -174;
export const ERR_MAX_POLL_EXCEEDED = -147;
export const ERR_FATAL = -150;
export const ERR_STATE = -172;
export const ERR_TIMED_OUT = -185;
export const ERR_QUEUE_FULL = -184;
export const UNKNOWN_TOPIC = 3;
export const INVALID_TXN_STATE = 48;
export const TOPIC_EXISTS = 36;
export const ILLEGAL_GENERATION = 22;
export const STALE_MEMBER_EPOCH = 113;

/** Another member has this one's place: its generation, its id or its static name is no longer valid. */
const FENCED_MEMBER: ReadonlySet<number> = new Set([
  ILLEGAL_GENERATION,
  25, // UNKNOWN_MEMBER_ID
  82, // FENCED_INSTANCE_ID
  110, // FENCED_MEMBER_EPOCH
  STALE_MEMBER_EPOCH,
  -142, // ERR__ASSIGNMENT_LOST
]);

/** A new client is needed. */
const FATAL: ReadonlySet<number> = new Set([
  ERR_FATAL,
  -144, // ERR__FENCED: another producer has this transactional id
  47, // INVALID_PRODUCER_EPOCH
  90, // PRODUCER_FENCED
]);

/** The record itself is refused. */
const RECORD: ReadonlySet<number> = new Set([
  2, // CORRUPT_MESSAGE
  4, // INVALID_FETCH_SIZE, librdkafka's "invalid message size"
  10, // MESSAGE_TOO_LARGE
  18, // RECORD_LIST_TOO_LARGE
  32, // INVALID_TIMESTAMP
  87, // INVALID_RECORD
]);

const RETRIABLE: ReadonlySet<number> = new Set([
  -195, // ERR__TRANSPORT
  -193, // ERR__RESOLVE
  -192, // ERR__MSG_TIMED_OUT
  -187, // ERR__ALL_BROKERS_DOWN
  ERR_TIMED_OUT,
  ERR_QUEUE_FULL,
  -180, // ERR__WAIT_COORD
  -166, // ERR__TIMED_OUT_QUEUE
  -178, // ERR__IN_PROGRESS
  UNKNOWN_TOPIC, // it may be created
  5, // LEADER_NOT_AVAILABLE
  6, // NOT_LEADER_OR_FOLLOWER
  7, // REQUEST_TIMED_OUT
  8, // BROKER_NOT_AVAILABLE
  9, // REPLICA_NOT_AVAILABLE
  13, // NETWORK_EXCEPTION
  14, // COORDINATOR_LOAD_IN_PROGRESS
  15, // COORDINATOR_NOT_AVAILABLE
  16, // NOT_COORDINATOR
  19, // NOT_ENOUGH_REPLICAS
  20, // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  27, // REBALANCE_IN_PROGRESS: the generation is still valid; poll, then commit again
  41, // NOT_CONTROLLER
  51, // CONCURRENT_TRANSACTIONS
  88, // UNSTABLE_OFFSET_COMMIT
]);

/** What to do about it, where the number alone does not tell. */
const ADVICE: Readonly<Record<BrokerErrorKind, string>> = {
  retriable: 'It may succeed later.',
  abort: 'The transaction must be aborted.',
  fenced: 'Another member has taken over; what was not committed is lost to this one.',
  fatal: 'This client is finished; a new one is needed.',
  record: 'The record is refused as it is.',
};

/** The kind of an error: what it means for the one who asked. */
export function kindOf(error: ClientError): BrokerErrorKind {
  const code = error.code ?? 0;
  if (error.isFatal) return 'fatal';
  // Before the abort that it also asks for: the caller has to rejoin, too.
  if (FENCED_MEMBER.has(code)) return 'fenced';
  if (error.isTxnRequiresAbort) return 'abort';
  if (error.isRetriable) return 'retriable';
  if (FATAL.has(code)) return 'fatal';
  if (RECORD.has(code)) return 'record';
  return RETRIABLE.has(code) ? 'retriable' : 'fatal';
}

/**
 * The error in the words of the port.
 *
 * @param doing what was attempted, at the beginning of a sentence: `Committing offsets of group "a"`
 */
export function translate(error: ClientError, doing: string): BrokerError {
  const kind = kindOf(error);
  const number = error.code === undefined ? '' : ` (${error.code})`;
  return new BrokerError(`${doing} failed: ${error.message}${number}. ${ADVICE[kind]}`, kind, error.code, {
    cause: error,
  });
}

/** As node-rdkafka leaves an error that librdkafka gave as a text: without its origin, in small letters. */
const bare = (text: string): string => (text.split(': ')[1] ?? text).toLowerCase();

/**
 * Finds the number behind a text. Delivery reports and `flush` carry only that (code -1).
 *
 * @param describe librdkafka's text for a number
 */
export function codeByText(describe: (code: number) => string): (error: ClientError) => ClientError {
  let codes: Map<string, number> | undefined;
  return (error) => {
    if (error.code !== undefined && error.code !== -1) return error;
    codes ??= new Map(
      [...FENCED_MEMBER, ...FATAL, ...RECORD, ...RETRIABLE].map((code) => [bare(describe(code)), code]),
    );
    const code = codes.get(bare(error.message));
    return code === undefined ? error : { message: describe(code), code };
  };
}
