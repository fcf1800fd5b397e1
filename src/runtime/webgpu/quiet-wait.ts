/** Below this, in milliseconds, sleeping is not worth it. */
const SHORT = 20;
/** Of the time that the last wait took, this share is slept through. */
const SHARE = 0.9;
/** Work that was done before the sleeper woke: how much shorter the next sleep is. */
const SHORTER = 0.8;

/**
 * Waits for the device without keeping the host busy. Dawn in Node polls without pause while a promise of it is open, which
 * takes a processor from an adapter that computes on the CPU. So no promise is opened for most of the time that the work will
 * take, judging by the wait before. (https://dawn.googlesource.com/dawn/+/refs/heads/main/src/dawn/node: its `AsyncRunner`
 * polls from `setImmediate`; this file can go when that waits for events.)
 */
export class QuietWait {
  readonly #queue: GPUQueue;
  #expected = 0;

  constructor(queue: GPUQueue) {
    this.#queue = queue;
  }

  /** Resolves when everything submitted so far is done. */
  async done(): Promise<void> {
    const started = performance.now();
    const sleep = this.#expected * SHARE;
    if (sleep > SHORT) await new Promise((resolve) => setTimeout(resolve, sleep));
    const woken = performance.now();
    await this.#queue.onSubmittedWorkDone();
    const now = performance.now();
    const overslept = sleep > SHORT && now - woken < 0.02 * sleep;
    this.#expected = overslept ? this.#expected * SHORTER : now - started;
  }
}
