/**
 * Tokens for `sasl.mechanisms: OAUTHBEARER`. librdkafka asks for one by a callback that node-rdkafka does not have, so a
 * client is told its token before it connects, and again before the token expires.
 */
import type { Rdkafka } from './client.js';
import type { KafkaOptions } from './options.js';

/** Of its life, when a token is replaced: as librdkafka does it. */
const RENEW_AT = 0.8;
/** Milliseconds after which a token that does not say when it expires is asked for again. */
const OPAQUE_MS = 300_000;
const AGAIN_AFTER_FAILURE_MS = 10_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Gives a client its token, and a new one in time, until the client is disconnected. Does nothing without a source.
 *
 * @throws (rejects) what the source throws at first; later failures are told to `onLog` and tried again
 */
export async function keepToken(
  client: Rdkafka.KafkaConsumer | Rdkafka.Producer,
  what: string,
  { oauthBearerToken: source, onLog }: Pick<KafkaOptions, 'oauthBearerToken' | 'onLog'>,
): Promise<void> {
  if (source === undefined) return;
  let timer: NodeJS.Timeout;
  const renewIn = (ms: number) => {
    timer = setTimeout(renew, Math.min(ms, LONGEST_TIMER_MS));
    timer.unref();
  };
  const give = async () => {
    const token = await source();
    client.setOauthBearerToken(token);
    renewIn(renewalOf(token, Date.now()));
  };
  const renew = () => {
    give().catch((thrown: unknown) => {
      const message = `oauthbearer.token gave no new token, and is asked again: ${String(thrown)}`;
      onLog?.({ client: what, severity: 3, facility: 'OAUTH', message });
      renewIn(AGAIN_AFTER_FAILURE_MS);
    });
  };
  await give();
  (client as Rdkafka.Producer).once('disconnected', () => clearTimeout(timer));
}

/**
 * Milliseconds after which a token is to be replaced.
 *
 * @param token a JWT, whose claim `exp` is read, or any other text. Source: RFC 7519, section 4.1.4
 * @param now milliseconds since the epoch
 */
export function renewalOf(token: string, now: number): number {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? Math.max(0, (exp * 1_000 - now) * RENEW_AT) : OPAQUE_MS;
  } catch {
    // No JWT: opaque to everyone but the broker.
    return OPAQUE_MS;
  }
}
