import { avroContract, nullable, string, topic } from 'millrace';
import { type Message, Protocol } from './generated/message.js';

export type { Message };

/** Measurements, by the contract in `Message.avsc`. */
export const messages = topic('Test.Topic', {
  key: nullable(string()),
  value: avroContract<Message>(JSON.parse(Protocol.MessageSchema)),
});
