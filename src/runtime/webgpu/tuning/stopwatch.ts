import { type Engine, encodePass, type Kernel } from "../engine.ts";

/** Times kernels, by timestamps of the device where it has them, else from submitting to the end. */
export class Stopwatch {
  readonly #engine: Engine;
  readonly #stamps: { readonly set: GPUQuerySet; readonly resolved: GPUBuffer } | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    if (!engine.device.features.has("timestamp-query")) return;
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const resolved = engine.buffers.create("timestamps", 16, usage);
    this.#stamps = { set: engine.device.createQuerySet({ type: "timestamp", count: 2 }), resolved };
  }

  /**
   * Runs the kernels one after another, all of them so many times.
   * @returns milliseconds a time; not negative, and 0 where the clock is too coarse
   * @throws SupernetError("device") when the device fails
   */
  async time(kernels: readonly Kernel[], times: number): Promise<number> {
    const { device } = this.#engine;
    const encoder = device.createCommandEncoder();
    const all = Array.from({ length: times }, () => kernels).flat();
    if (!this.#stamps) {
      encodePass(encoder, all);
      const commands = encoder.finish();
      const before = performance.now();
      device.queue.submit([commands]);
      await this.#engine.done();
      const after = performance.now();
      this.#engine.check();
      return (after - before) / times;
    }
    const { set, resolved } = this.#stamps;
    const timestampWrites = { querySet: set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass({ timestampWrites });
    for (const kernel of all) kernel.encode(pass);
    pass.end();
    encoder.resolveQuerySet(set, 0, 2, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const [begin, end] = new BigUint64Array(await this.#engine.read({ buffer: resolved }));
    return Math.max(0, Number(end! - begin!) / 1e6) / times;
  }

  dispose(): void {
    if (!this.#stamps) return;
    this.#engine.buffers.destroy(this.#stamps.resolved);
    this.#stamps.set.destroy();
  }
}
