/** Whoever is told that training is held, and that it goes on. */
export interface GateEvents {
  readonly onHeld?: () => void;
  readonly onReleased?: () => void;
}

/**
 * Holds training before its next step while it is closed. The steps look at it; whoever pauses a run closes and opens it, at
 * any time and as often as he likes.
 */
export class Gate {
  readonly #events: GateEvents;
  #closed: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  #heldSince: number | undefined;
  #heldBefore = 0;

  constructor(events: GateEvents = {}) {
    this.#events = events;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Milliseconds that training has stood still here, all in all. */
  get held(): number {
    return this.#heldBefore + (this.#heldSince === undefined ? 0 : performance.now() - this.#heldSince);
  }

  close(): void {
    if (this.#closed) return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#closed = { opened, open };
  }

  open(): void {
    const closed = this.#closed;
    this.#closed = undefined;
    if (this.#heldSince !== undefined) {
      this.#heldBefore = this.held;
      this.#heldSince = undefined;
      this.#events.onReleased?.();
    }
    closed?.open();
  }

  /** Resolves when the gate is open; whoever waits here stands still, and that is told. */
  async passed(): Promise<void> {
    while (this.#closed) {
      if (this.#heldSince === undefined) {
        this.#heldSince = performance.now();
        this.#events.onHeld?.();
      }
      await this.#closed.opened;
    }
  }
}
