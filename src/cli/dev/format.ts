/** How the topics of `millrace dev` are encoded: in one encoding, from the capture to the table sink. */
import { avro } from '../../serde/avro/encoding.js';
import { connectJsonEncoding, ENCODINGS, type Encoding } from '../../serde/encoding.js';

/** `connect-json` is JSON with its schema in each record; `avro` keeps the schemas in the registry. */
export type Format = 'connect-json' | 'avro';

/**
 * @param format what was asked for on the command line; undefined: what the configuration says
 * @param configured the configuration's `encoding`
 * @param registry the address of the registry that runs beside
 */
export function encodingOf(
  format: Format | undefined,
  configured: Encoding | string | undefined,
  registry: string,
): Encoding {
  if (format === 'avro') return avro({ registry });
  if (format === 'connect-json') return connectJsonEncoding;
  return typeof configured === 'object' ? configured : (ENCODINGS.get(configured ?? '') ?? connectJsonEncoding);
}
