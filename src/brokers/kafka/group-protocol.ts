/**
 * How the members of a group agree on who reads what.
 *
 * `classic` (the default) lets a member keep its place over a restart (`group.instance.id`), and its session is the
 * client's to set: about a second from a kill to processing. KIP-848's `consumer` hands partitions over faster while all
 * live, but its session is the broker's to set (45 s), and a static member that was killed and is back within it is refused
 * with a fatal error until the session ends. So under it members are not static: who is killed is waited for, and who
 * starts again joins as another.
 */
import { ConfigurationError } from '../../errors.js';
import type { ConsumerConfig } from '../port.js';

const DEFAULT_SESSION_TIMEOUT_MS = 6_000;
const DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;

/** What a client may say under the classic protocol alone, and where the other one has it. */
const CLASSIC_ALONE: Readonly<Record<string, string>> = {
  'session.timeout.ms': "it is the broker's: group.consumer.session.timeout.ms",
  'heartbeat.interval.ms': "it is the broker's: group.consumer.heartbeat.interval.ms",
  'partition.assignment.strategy': 'the broker assigns: say group.remote.assignor, uniform or range',
  'group.protocol.type': 'it has one type',
};

/**
 * The settings of a consumer that make it a member.
 *
 * @param given what the user says, by librdkafka's names
 * @throws ConfigurationError for a setting that the chosen protocol does not have
 */
export function membershipSettings(config: ConsumerConfig, given: Readonly<Record<string, unknown>>) {
  const together = config.copartitioned?.some((topics) => topics.length > 1) === true;
  const common = { 'max.poll.interval.ms': config.maxPollIntervalMs ?? DEFAULT_MAX_POLL_INTERVAL_MS };
  if (given['group.protocol'] === 'consumer') {
    refuseClassic(given);
    return { ...common, ...remoteAssignor(given['group.remote.assignor'], together) };
  }
  const sessionTimeoutMs = config.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  const classic = {
    ...common,
    // The sticky assignor takes each topic for itself. Of librdkafka's, only `range` gives a member the same numbers of all.
    'partition.assignment.strategy': together ? 'range' : 'cooperative-sticky',
    'session.timeout.ms': sessionTimeoutMs,
    'heartbeat.interval.ms': Math.min(3_000, Math.floor(sessionTimeoutMs / 3)),
    ...(config.instanceId === undefined ? {} : { 'group.instance.id': config.instanceId }),
  };
  refuseImpatience({ ...classic, ...given });
  return classic;
}

function refuseClassic(given: Readonly<Record<string, unknown>>): void {
  for (const [name, reason] of Object.entries(CLASSIC_ALONE)) {
    if (given[name] === undefined) continue;
    throw new ConfigurationError(`${name} cannot be set with group.protocol 'consumer'; ${reason}.`, name);
  }
}

function remoteAssignor(given: unknown, together: boolean): Readonly<Record<string, unknown>> {
  if (!together) return {};
  if (given === undefined || given === 'range') return { 'group.remote.assignor': 'range' };
  throw new ConfigurationError(
    `group.remote.assignor is '${given}', but topics that are read together need 'range': no other gives a member the same partitions of all.`,
    'group.remote.assignor',
  );
}

function refuseImpatience(settings: Readonly<Record<string, unknown>>): void {
  const [poll, session] = [settings['max.poll.interval.ms'], settings['session.timeout.ms']];
  if (Number(poll) >= Number(session)) return;
  const message = `max.poll.interval.ms is ${poll}, which is less than session.timeout.ms, ${session}. Raise the first.`;
  throw new ConfigurationError(message, 'max.poll.interval.ms');
}
