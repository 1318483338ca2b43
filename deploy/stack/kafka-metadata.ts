/**
 * Asks a Kafka broker who is in its cluster: one request of its own protocol, so that the runner needs no client.
 *
 * An open port is not enough: the port answers before the broker has been let into the cluster, and topics made then
 * are refused ("all brokers are currently fenced").
 *
 * Source: https://kafka.apache.org/protocol#The_Messages_Metadata, version 4 (request header v1).
 */
import { connect } from 'node:net';

const METADATA = 3;
const VERSION = 4;
const CORRELATION = 1;
const CLIENT = 'millrace-stack';

function metadataRequest(): Buffer {
  const header = Buffer.alloc(10);
  header.writeInt16BE(METADATA, 0);
  header.writeInt16BE(VERSION, 2);
  header.writeInt32BE(CORRELATION, 4);
  header.writeInt16BE(CLIENT.length, 8);
  const noTopics = Buffer.alloc(4); // an empty array
  const createThem = Buffer.alloc(1); // false
  const body = Buffer.concat([header, Buffer.from(CLIENT), noTopics, createThem]);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length, 0);
  return Buffer.concat([size, body]);
}

/**
 * How many brokers of the cluster take requests.
 *
 * @returns 0 also when nobody listens there, or it does not answer within `timeoutMs`
 */
export function brokersInCluster(host: string, port: number, timeoutMs: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const done = (brokers: number): void => {
      socket.destroy();
      resolve(brokers);
    };
    socket.setTimeout(timeoutMs, () => done(0));
    socket.once('error', () => done(0)); // not listening yet: that is the answer
    socket.once('close', () => resolve(0));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      // size, correlation id, throttle time, then the number of brokers
      if (received.length >= 16) done(received.readInt32BE(12));
    });
  });
}
