/**
 * What a user says about TLS and SASL, checked before a client is made, and what a broker's refusal means for it.
 *
 * librdkafka tries a wrong password again and again and ends with "broker transport failure"; why, it says in its log alone.
 */
import { accessSync, constants } from 'node:fs';
import { asError, ConfigurationError } from '../../errors.js';

/** Settings that name a file. */
const FILES = ['ssl.ca.location', 'ssl.certificate.location', 'ssl.key.location', 'ssl.keystore.location'];
/** Not a file, but to be looked for. */
const PROBE = 'probe';

/**
 * Checks what librdkafka says only by a number of OpenSSL's.
 *
 * @throws ConfigurationError naming the setting
 */
export function checkSecurity(settings: Readonly<Record<string, unknown>>): void {
  for (const setting of FILES) {
    const file = settings[setting];
    if (typeof file !== 'string' || file === PROBE) continue;
    try {
      accessSync(file, constants.R_OK);
    } catch (thrown) {
      throw new ConfigurationError(`${setting}: ${asError(thrown).message}`, setting, { cause: thrown });
    }
  }
  const mechanism = settings['sasl.mechanisms'] ?? settings['sasl.mechanism'];
  if (/^sasl/i.test(String(settings['security.protocol'])) && mechanism === undefined) {
    throw new ConfigurationError(
      'sasl.mechanisms: how is the login to be made? PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER',
      'sasl.mechanisms',
    );
  }
}

interface Refusal {
  /** In a line of librdkafka's log. */
  readonly said: RegExp;
  readonly setting: string;
  readonly advice: string;
}

/** The first that fits counts. */
const REFUSALS: readonly Refusal[] = [
  {
    said: /SASL authentication error.*OAUTHBEARER|OAUTHBEARER.*(authentication|token)/i,
    setting: 'oauthbearer.token',
    advice: 'the broker does not take the token',
  },
  {
    said: /SASL authentication error|SaslAuthenticate/i,
    setting: 'sasl.password',
    advice: 'the broker does not know this sasl.username with this sasl.password',
  },
  {
    said: /mechanism handshake failed|Unsupported SASL mechanism/i,
    setting: 'sasl.mechanisms',
    advice: 'the broker does not offer this mechanism',
  },
  {
    said: /hostname mismatch|IP address mismatch/i,
    setting: 'bootstrap.servers',
    advice: "the broker's certificate is for another name; name the broker as its certificate does",
  },
  {
    said: /certificate verify failed|certificate could not be verified/i,
    setting: 'ssl.ca.location',
    advice: "the broker's certificate is not signed by an authority in this file",
  },
  {
    said: /alert (certificate required|bad certificate|unknown ca)|certificate_required/i,
    setting: 'ssl.certificate.location',
    advice: 'the broker asks for a certificate of the client that it trusts',
  },
  {
    said: /wrong version number|packet length too long|record layer failure/i,
    setting: 'security.protocol',
    advice: 'TLS is tried where the broker speaks without it',
  },
  {
    said: /closed by peer.*APIVERSION_QUERY|SSL connection closed by peer/i,
    setting: 'security.protocol',
    advice: 'the broker closes each connection: it may want TLS or a login there (ssl, sasl_plaintext, sasl_ssl)',
  },
];

/**
 * The setting that makes a broker refuse a client, as far as a line of librdkafka's log tells.
 *
 * @param doing what was attempted, at the beginning of a sentence
 */
export function refusalIn(line: string, doing: string): ConfigurationError | undefined {
  const refusal = REFUSALS.find(({ said }) => said.test(line));
  if (refusal === undefined) return undefined;
  const { setting, advice } = refusal;
  return new ConfigurationError(`${setting}: ${advice}. ${doing} failed: ${line}`, setting);
}
