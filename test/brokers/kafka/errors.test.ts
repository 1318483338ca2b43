import rdkafka from 'node-rdkafka';
import { expect, test } from 'vitest';
import { clientFor } from '../../../src/brokers/kafka/client.js';
import { codeByText, kindOf, translate } from '../../../src/brokers/kafka/errors.js';
import { BrokerError } from '../../../src/errors.js';

const { ERRORS } = rdkafka.CODES as { ERRORS: Record<string, number> };
const message = 'what the broker said';

test.each([
  ['fatal', { isFatal: true, isTxnRequiresAbort: true, code: ERRORS.ERR_UNKNOWN_MEMBER_ID }],
  ['abort', { isTxnRequiresAbort: true, isRetriable: false, code: ERRORS.ERR_UNKNOWN_TOPIC_OR_PART }],
  ['retriable', { isRetriable: true, code: ERRORS.ERR_TOPIC_AUTHORIZATION_FAILED }],
] as const)('the flags of a transaction error decide: %s', (kind, error) => {
  expect(kindOf({ message, ...error } as { message: string })).toBe(kind);
});

test('a member that another one replaced is fenced, even where the error also asks for an abort', () => {
  for (const name of ['ERR_ILLEGAL_GENERATION', 'ERR_UNKNOWN_MEMBER_ID', 'ERR_FENCED_INSTANCE_ID']) {
    const code = ERRORS[name]!;
    expect(kindOf({ message, code }), name).toBe('fenced');
    expect(kindOf({ message, code, isTxnRequiresAbort: true }), name).toBe('fenced');
  }
});

test.each([
  ['retriable', ['ERR__TRANSPORT', 'ERR__ALL_BROKERS_DOWN', 'ERR__TIMED_OUT', 'ERR_COORDINATOR_NOT_AVAILABLE']],
  ['retriable', ['ERR_REBALANCE_IN_PROGRESS', 'ERR_UNSTABLE_OFFSET_COMMIT', 'ERR__QUEUE_FULL', 'ERR__MSG_TIMED_OUT']],
  ['retriable', ['ERR__TIMED_OUT_QUEUE']],
  ['record', ['ERR_MSG_SIZE_TOO_LARGE', 'ERR_INVALID_RECORD', 'ERR_INVALID_TIMESTAMP', 'ERR_INVALID_MSG']],
  ['fatal', ['ERR__FATAL', 'ERR__FENCED', 'ERR_INVALID_PRODUCER_EPOCH', 'ERR_TOPIC_AUTHORIZATION_FAILED']],
] as const)('by its number: %s', (kind, names) => {
  for (const name of names) {
    expect(ERRORS[name], name).toBeTypeOf('number');
    expect(kindOf({ message, code: ERRORS[name]! }), name).toBe(kind);
  }
});

test('the message says what was attempted, what happened and what to do', () => {
  const cause = { message: 'Broker: Unknown member', code: 25 };
  const error = translate(cause, 'Committing offsets of group "prices"');
  expect(error).toBeInstanceOf(BrokerError);
  expect(error.message).toBe(
    'Committing offsets of group "prices" failed: Broker: Unknown member (25). ' +
      'Another member has taken over; what was not committed is lost to this one.',
  );
  expect(error).toMatchObject({ kind: 'fenced', code: 25, cause });
});

test('the number behind a text: delivery reports carry -1 and the text alone, in small letters', async () => {
  const withCode = codeByText((await clientFor({ 'bootstrap.servers': '127.0.0.1:9092' })).describe);
  expect(withCode({ message: 'message size too large', code: -1 })).toMatchObject({ code: 10 });
  expect(withCode({ message: 'Local: Message timed out', code: -1 })).toMatchObject({ code: -192 });
  expect(withCode({ message: 'something new', code: -1 })).toEqual({ message: 'something new', code: -1 });
  expect(withCode({ message, code: 7 })).toEqual({ message, code: 7 });
});
