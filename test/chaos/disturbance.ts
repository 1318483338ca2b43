/** Something that was done to a process or to the broker. Times are milliseconds since the epoch. */
export interface Disturbance {
  readonly kind: 'kill' | 'zombie' | 'replaced' | 'broker';
  /** What was done to whom. */
  readonly what: string;
  readonly from: number;
  /** A kill has no length; a zombie may write until it knows what it is, a broker's clients until they have it back. */
  to: number;
}
