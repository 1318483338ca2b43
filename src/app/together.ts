import type { ApplicationListener } from './application.js';

/**
 * One listener that tells several, in their order: the log, the metrics, one's own.
 *
 * @example
 * new Application(carPrices, config, around, together(metrics.listener, { onModelAway: page }));
 */
export function together(...listeners: readonly ApplicationListener[]): ApplicationListener {
  return {
    onRecordDropped: (...told) => {
      for (const each of listeners) each.onRecordDropped?.(...told);
    },
    onBrokerTrouble: (...told) => {
      for (const each of listeners) each.onBrokerTrouble?.(...told);
    },
    onCommit: (...told) => {
      for (const each of listeners) each.onCommit?.(...told);
    },
    onModelAway: (...told) => {
      for (const each of listeners) each.onModelAway?.(...told);
    },
    onModelBack: (...told) => {
      for (const each of listeners) each.onModelBack?.(...told);
    },
    onAbandoned: (...told) => {
      for (const each of listeners) each.onAbandoned?.(...told);
    },
    onRestoreStart: (...told) => {
      for (const each of listeners) each.onRestoreStart?.(...told);
    },
    onBatchRestored: (...told) => {
      for (const each of listeners) each.onBatchRestored?.(...told);
    },
    onRestoreEnd: (...told) => {
      for (const each of listeners) each.onRestoreEnd?.(...told);
    },
  };
}
