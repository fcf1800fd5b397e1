import type { ReactiveController, ReactiveControllerHost } from "lit";

/** A value that changes by actions alone, and whoever wants to know. */
export class Store<State, Action> {
  readonly #reduce: (state: State, action: Action) => State;
  readonly #listeners = new Set<(action: Action) => void>();
  #state: State;

  constructor(reduce: (state: State, action: Action) => State, initial: State) {
    this.#reduce = reduce;
    this.#state = initial;
  }

  get state(): State {
    return this.#state;
  }

  dispatch(action: Action): void {
    this.#state = this.#reduce(this.#state, action);
    for (const listener of this.#listeners) listener(action);
  }

  /** @returns what ends the subscription */
  subscribe(listener: (action: Action) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Renders a component again whenever a store has changed, while it is on the page. */
export class StoreController<State, Action> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #store: Store<State, Action>;
  #unsubscribe?: () => void;

  constructor(host: ReactiveControllerHost, store: Store<State, Action>) {
    this.#host = host;
    this.#store = store;
    host.addController(this);
  }

  hostConnected(): void {
    this.#unsubscribe = this.#store.subscribe(() => this.#host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
  }
}
