import { BatchBuilder, BatchKind } from './batch.js';
import type { Topic } from './topics.js';

/**
 * Ends the transactions that a killed process left open: those that the journal calls committed with a commit marker,
 * all others with an abort marker.
 *
 * @param committed transactions that were decided, in the order of their decisions
 * @throws BrokerError when a marker cannot be written
 */
export async function settleTransactions(topics: Iterable<Topic>, committed: ReadonlySet<number>): Promise<void> {
  const markers: Promise<void>[] = [];
  for (const { logs } of topics) {
    for (const log of logs) {
      const open = [...log.transactions.open.keys()];
      const inOrder = [...committed].filter((each) => log.transactions.isOpen(each));
      for (const transaction of [...inOrder, ...open.filter((each) => !committed.has(each))]) {
        markers.push(
          new Promise((resolve, reject) => {
            log.enqueue({
              builder: new BatchBuilder(0),
              kind: committed.has(transaction) ? BatchKind.commitMarker : BatchKind.abortMarker,
              transaction,
              dropped: false,
              onTaken: () => {},
              onAcknowledged: resolve,
              onFailed: reject,
            });
          }),
        );
      }
    }
  }
  await Promise.all(markers);
}
