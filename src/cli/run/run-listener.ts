import type { ApplicationListener } from '../../app/application.js';
import type { Log } from '../../console/index.js';
import { tellOfOutages } from '../model-messages.js';

/** Says in the log what happens to an application. */
export function runListener(log: Log): ApplicationListener {
  return {
    onRecordDropped: (error, decision) =>
      log.message('warn', `${decision}: ${error.message}`, {
        ...error.position,
        decision,
        phase: error.phase,
        node: error.node,
      }),
    onBrokerTrouble: (error) => log.message('warn', error.message, { kind: error.kind, code: error.code }),
    onAbandoned: (task, records) =>
      log.message('warn', `${records} records of task ${task} were not finished in time; they are read again`, {
        task,
        records,
      }),
    ...tellOfOutages(log),
    onRestoreStart: (store, { topic, partition }, start, end) =>
      log.message('info', `restoring ${store} of partition ${partition}: offsets ${start} to ${end} of ${topic}`, {
        store,
        topic,
        partition,
        offset: start,
      }),
    onRestoreEnd: (store, { topic, partition }, records) =>
      log.message('info', `restored ${store} of partition ${partition}: ${records} records`, {
        store,
        topic,
        partition,
        records,
      }),
  };
}
