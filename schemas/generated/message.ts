// Made of schemas/Message.avsc by `npm run codegen`.

export type Message = Protocol.Message;

export namespace Protocol {
  export const DataSchema =
    '{"type":"record","name":"Data","fields":[{"name":"count","type":["null","double"],"default":null},{"name":"value","type":["null","double"],"default":null}]}';
  export const DataName = 'protocol.Data';
  export interface Data {
    /**
     * Default: null
     */
    count: null | number;
    /**
     * Default: null
     */
    value: null | number;
  }
  export const MessageSchema =
    '{"type":"record","name":"Message","namespace":"protocol","doc":"A measurement, as the worker sends and receives it.","fields":[{"name":"timestamp","type":"long","doc":"Milliseconds since the epoch."},{"name":"data","type":{"type":"record","name":"Data","fields":[{"name":"count","type":["null","double"],"default":null},{"name":"value","type":["null","double"],"default":null}]}}]}';
  export const MessageName = 'protocol.Message';
  /**
   * A measurement, as the worker sends and receives it.
   */
  export interface Message {
    /**
     * Milliseconds since the epoch.
     */
    timestamp: number;
    data: Protocol.Data;
  }
}
