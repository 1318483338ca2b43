import { foreach, topology } from 'millrace';
import { messages } from '../schemas/messages.js';

export default topology('messages', ({ stream }) => {
  stream(messages).pipe(foreach((message) => console.log(`consumed ${JSON.stringify(message)}`)));
});
