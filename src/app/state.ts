/** Kafka Streams' states of an application. */
export type State = 'CREATED' | 'REBALANCING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'NOT_RUNNING' | 'ERROR';

const ALLOWED: Readonly<Record<State, readonly State[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN', 'ERROR'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING', 'ERROR'],
  NOT_RUNNING: [],
  ERROR: [],
};

/** Told of each change of state, with the state before. */
export type StateListener = (state: State, before: State) => void;

/** Goes from state to state, and tells. A change that is not allowed from the present state is left out. */
export class StateMachine {
  readonly #listeners = new Set<StateListener>();
  #state: State = 'CREATED';

  get state(): State {
    return this.#state;
  }

  /** @returns stops listening */
  onChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  to(state: State): void {
    const before = this.#state;
    if (!ALLOWED[before].includes(state)) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state, before);
  }
}
