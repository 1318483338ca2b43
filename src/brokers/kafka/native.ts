/**
 * The part of the adapter that is built when the package is installed (`native/`): it works on the clients of node-rdkafka
 * and moves many messages with one call.
 *
 * It knows members of node-rdkafka's classes that are not public, so it takes the version that it was built for and no
 * other. Without it everything works as well, and takes longer.
 */
import { createRequire } from 'node:module';
import { asError } from '../../errors.js';
import type { Rdkafka } from './client.js';

/** What lies inside a client of node-rdkafka. */
export type NativeClient = { readonly [native]: true };
declare const native: unique symbol;

/** As `native/src/fetch.cc` calls back. */
export type FetchDone = (
  error: number,
  count: number,
  blocks: readonly ArrayBuffer[],
  topics: readonly string[],
  offsets: ArrayBuffer,
  table: ArrayBuffer,
  ends: readonly number[],
) => void;

export interface Native {
  /** At most `most` messages; waits `timeoutMs` for each. One question at a time. */
  fetch(consumer: NativeClient, most: number, timeoutMs: number, done: FetchDone): void;
  /**
   * Hands a record over.
   *
   * @param partition -1 for the partitioner's choice
   * @param timestamp milliseconds since the epoch; 0 for now
   * @param headers names and values in turns
   * @returns the number of an error, or 0
   */
  produce(
    producer: NativeClient,
    topic: string,
    partition: number,
    value: Buffer | null,
    key: Buffer | null,
    timestamp: number,
    headers: readonly (string | Buffer | null)[] | undefined,
  ): number;
}

/** What was built, or why it cannot be used. Asked after node-rdkafka has been loaded. */
export function loadNative(): Native | string {
  const require = createRequire(import.meta.url);
  try {
    const built = require('../../../native/build/Release/batches.node') as Native & { readonly nodeRdkafka: string };
    const { version } = require('node-rdkafka/package.json') as { readonly version: string };
    if (built.nodeRdkafka === version) return built;
    return `built for node-rdkafka ${built.nodeRdkafka} and not ${version}: install millrace again`;
  } catch (thrown) {
    return asError(thrown).message;
  }
}

/** The client inside an object of node-rdkafka. */
export function nativeClient(client: Rdkafka.KafkaConsumer | Rdkafka.Producer): NativeClient {
  return (client as unknown as { readonly _client: NativeClient })._client;
}
