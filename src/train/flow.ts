import type { Engine } from "../runtime/webgpu/engine.ts";
import { submit } from "../runtime/webgpu/submission.ts";
import { abortable } from "./abortable.ts";
import type { Gate } from "./gate.ts";
import { REPORT_AFTER, REPORT_EVERY } from "./progress.ts";

/** Steps that may wait on the device at once: enough to keep it busy, few enough to stop soon. */
const IN_FLIGHT = 2;
/** A step that keeps the device busy for longer, in milliseconds, goes to it in pieces. */
const LONGEST_SUBMIT = 500;
/** Steps that may be submitted while a report is read. More than are in flight: it is there by then, and nothing waits. */
const REPORT_WITHIN = 8;

/**
 * Submits steps without waiting for each: the host encodes the next one while the device works, but never runs far ahead.
 */
export class Flow {
  readonly #engine: Engine;
  readonly #signal: AbortSignal | undefined;
  readonly #gate: Gate | undefined;
  readonly #waiting: Promise<void>[] = [];
  /** Command buffers a step is split into, by how long the steps before took. */
  #pieces = 1;
  #finished = 0;
  #reported = performance.now();
  /** Steps since then. */
  #unreported = 0;
  #reporting: Promise<void> | undefined;

  /** @param gate holds steps while it is closed; an aborted signal ends the wait */
  constructor(engine: Engine, signal?: AbortSignal, gate?: Gate) {
    this.#engine = engine;
    this.#signal = signal;
    this.#gate = gate;
  }

  /**
   * Encodes and submits one step; resolves when the device can take another.
   * @throws the signal's reason when it is aborted; SupernetError("device") when the device has failed in an earlier step
   */
  async submit(encode: (encoder: GPUCommandEncoder) => void): Promise<void> {
    this.#signal?.throwIfAborted();
    if (this.#gate?.closed) await this.#hold(this.#gate);
    if (this.#reporting && this.#unreported >= REPORT_WITHIN) await this.wait(this.#reporting);
    this.#engine.check();
    const submitted = performance.now();
    submit(this.#engine, encode, this.#pieces);
    this.#unreported++;
    const work = this.#engine.done();
    this.#waiting.push(work.then(() => this.#done(submitted)));
    // Where the device computes on the host's processors nothing is gained by encoding ahead.
    if (this.#waiting.length > (this.#engine.quiet ? 0 : IN_FLIGHT)) await this.wait(this.#waiting.shift()!);
  }

  /** What is under way is done, and told, before the run stands still. */
  async #hold(gate: Gate): Promise<void> {
    await this.wait(Promise.all([...this.#waiting, this.#reporting]));
    await this.wait(gate.passed());
  }

  /** The device was busy with a step from when it had finished the one before, or from when it got this one. */
  #done(submitted: number): void {
    const now = performance.now();
    const busy = now - Math.max(submitted, this.#finished);
    this.#finished = now;
    this.#pieces = Math.max(1, Math.ceil(busy / LONGEST_SUBMIT));
  }

  /**
   * Waits for something on the device, but no longer than until the signal is aborted: the steps that are queued there may
   * take seconds.
   * @throws the signal's reason when it is aborted
   */
  wait<T>(pending: Promise<T>): Promise<T> {
    return abortable(pending, this.#signal);
  }

  /** Reads and tells progress if some time or many steps have passed since the last, without holding up the steps. */
  report<T>(read: () => Promise<T>, tell: (value: T) => void): void {
    const now = performance.now();
    const due = now - this.#reported >= REPORT_EVERY || this.#unreported >= REPORT_AFTER;
    if (this.#reporting || !due) return;
    this.#reported = now;
    this.#unreported = 0;
    // A failed read is the device's failure, which the next step or awaited read throws.
    this.#reporting = read()
      .then(tell, () => {})
      .finally(() => {
        this.#reporting = undefined;
      });
  }
}
