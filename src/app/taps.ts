import { Observable } from 'rxjs';
import type { StreamRecord } from '../record.js';
import type { Taps } from '../runtime/wiring.js';

interface Tap {
  listener: ((record: StreamRecord) => void) | undefined;
}

/** Lets Observables watch what leaves the nodes of a running topology. A node nobody watches costs one comparison. */
export class NodeTaps implements Taps {
  readonly #taps = new Map<string, Tap>();

  tap(node: string): Tap {
    const known = this.#taps.get(node);
    if (known !== undefined) return known;
    const tap: Tap = { listener: undefined };
    this.#taps.set(node, tap);
    return tap;
  }

  /** The records that reach a node, from the subscription on. A record that is run again is seen again. */
  watch(node: string): Observable<StreamRecord> {
    const tap = this.tap(node);
    return new Observable((subscriber) => {
      const before = tap.listener;
      const listener = (record: StreamRecord) => {
        before?.(record);
        subscriber.next(record);
      };
      tap.listener = listener;
      return () => {
        if (tap.listener === listener) tap.listener = before;
      };
    });
  }
}
