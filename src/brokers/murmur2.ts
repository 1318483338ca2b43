/**
 * The partitioner of Kafka's Java client, so that a key lies in the same partition whoever wrote it.
 *
 * Source: `org.apache.kafka.common.utils.Utils.murmur2` and `BuiltInPartitioner.partitionForKey`, Apache Kafka 4.
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** Kafka's murmur2 of these bytes, as Java's signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = SEED ^ length;
  const aligned = length & ~3;
  for (let i = 0; i < aligned; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    k = Math.imul(k, M);
    hash = Math.imul(hash, M) ^ k;
  }
  const tail = length - aligned;
  if (tail === 3) hash ^= bytes[aligned + 2]! << 16;
  if (tail >= 2) hash ^= bytes[aligned + 1]! << 8;
  if (tail >= 1) hash = Math.imul(hash ^ bytes[aligned]!, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/**
 * The partition of a key.
 *
 * @param key the key's bytes as they are on the wire
 * @param partitions how many partitions the topic has
 *
 * @example
 * partitionOf(Buffer.from('abc'), 12); // where a Java producer would put it
 */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
