/** Below this, in milliseconds, sleeping is not worth it. */
const SHORT = 20;
/** Of the time that such work has lately taken at least, this share is slept through. */
const SHARE = 0.9;
/** Waits that are remembered. */
const KNOWN = 4;

/**
 * Waits for the device without keeping the host busy. Dawn in Node polls without pause while a promise of it is open, which
 * takes a processor from an adapter that computes on the CPU. So no promise is opened for most of the time that the work will
 * take, judging by the waits before. (https://dawn.googlesource.com/dawn/+/refs/heads/main/src/dawn/node: its `AsyncRunner`
 * polls from `setImmediate`; this file can go when that waits for events.)
 */
export class QuietWait {
  readonly #queue: GPUQueue;
  /** How long the last waits took; undefined before the first, which says nothing: drivers compile when work first runs. */
  #known: number[] | undefined;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  /** Resolves when everything submitted so far is done. */
  async done(): Promise<void> {
    const started = performance.now();
    const sleep = this.#known?.length ? SHARE * Math.min(...this.#known) : 0;
    if (sleep > SHORT) await new Promise((resolve) => setTimeout(resolve, sleep));
    const woken = performance.now();
    await this.#queue.onSubmittedWorkDone();
    const now = performance.now();
    const overslept = sleep > SHORT && now - woken < 0.02 * sleep;
    // How long work takes that was done before the sleeper woke is not known: the next wait measures it awake.
    this.#known = this.#known === undefined || overslept ? [] : [...this.#known.slice(1 - KNOWN), now - started];
  }
}
