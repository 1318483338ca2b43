/** millrace/kafka-streams: operators of millrace inside a `KStream` of nodefluent's kafka-streams, for those who migrate. */
export { type KafkaMessage, recordOfMessage } from './message.js';
export { type KStreamLike, type MostStream, through } from './through.js';
