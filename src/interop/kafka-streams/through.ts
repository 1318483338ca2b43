/**
 * An operator of millrace as a step of a `KStream` of nodefluent's kafka-streams 5: its most.js stream goes into RxJS, and
 * the operator's output comes back as a `KStream`.
 *
 * kafka-streams is not imported: its streams are taken as they come.
 */
import { map, Observable } from 'rxjs';
import type { Operator } from '../../operators/operator.js';
import type { StreamRecord } from '../../record.js';
import { type KafkaMessage, recordOfMessage } from './message.js';

/** What is used of a most.js stream. */
export interface MostStream<T> {
  subscribe(observer: { next(value: T): void; error(error: Error): void; complete(): void }): { unsubscribe(): void };
}

/** What is used of a `KStream`; its own declarations call what its methods return a `StreamDSL`. */
export interface KStreamLike {
  /** The most.js stream in it. */
  getMost(): unknown;
  /** `most.from`: it takes what is an ES observable, too. */
  getNewMostFrom(source: never): unknown;
}

/** Where ES observables are recognised by; most.js defines it where the language does not. */
const observableSymbol = (): PropertyKey => (Symbol as { readonly observable?: symbol }).observable ?? '@@observable';

/**
 * Passes the messages of a `KStream` through an operator of millrace, as `stream.pipe(operator)` does in a topology.
 *
 * The operator is run by hand, as in a marble test: its stores are in memory and begin empty, nothing waits for its
 * results before kafka-streams commits, and a failure errors the stream (no handler is asked). Delivery is that of
 * kafka-streams: at most once. What comes out are plain `{ key, value, timestamp }`: a topic would redirect the `.to()` of
 * kafka-streams back to the input. Its `.to()` writes values that are texts or buffers, so end with `mapStringify` or the like.
 *
 * @param kstream of `getKStream(topic)`; its messages `{ key, value, … }`, decoded as the operator wants them
 * @param operator one operator; several as `compose(a, b)`
 * @returns a new KStream of the same kind. The given one is what has to be started
 * @throws TypeError (errors the stream) when something in it is not a message
 * @example
 * const cars = kafkaStreams.getKStream('cars').mapJSONConvenience();
 * const cheap = through(cars, filter((car: Car) => car.price < 10_000));
 * cheap.map(({ key, value }) => ({ key, value: JSON.stringify(value) })).to('bargains');
 * await cars.start();
 */
export function through<S extends KStreamLike, In extends StreamRecord, Out extends StreamRecord>(
  kstream: S,
  operator: Operator<In, Out>,
): S {
  const messages = kstream.getMost() as MostStream<KafkaMessage>;
  const records = new Observable<KafkaMessage>((subscriber) => {
    const subscription = messages.subscribe({
      next: (message) => subscriber.next(message),
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    return () => subscription.unsubscribe();
  }).pipe(map((message) => recordOfMessage(message) as unknown as In));
  const output = operator(records).pipe(map(({ key, value, timestamp }) => ({ key, value, timestamp })));
  // RxJS and most.js look for the same symbol, but RxJS at the moment when it is loaded.
  const observable = { [observableSymbol()]: () => ({ subscribe: output.subscribe.bind(output) }) };
  // A stream of its own, whose to() writes: each KStream makes one, though the declaration of StreamDSL does not say so.
  return (kstream as S & { fromMost(most: unknown): S }).fromMost(kstream.getNewMostFrom(observable as never));
}
