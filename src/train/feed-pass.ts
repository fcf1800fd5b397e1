import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import { StepUniform } from "../runtime/webgpu/step.ts";
import { type Feed, selectChunks } from "./feed.ts";
import type { Network } from "./network.ts";

export interface FeedPassParts {
  readonly network: Network;
  readonly feed: Feed;
  /** In evaluation mode; compiled for the feed's chunks. */
  readonly program: Program;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program of a network on the batches of a feed, chunk by chunk, and after each chunk what sums up its results. */
export class FeedPass {
  readonly step: StepUniform;
  readonly #parts: FeedPassParts;
  #bound: BoundProgram | undefined;
  #accumulate: readonly Kernel[] = [];
  readonly #disposers: (() => void)[] = [];

  constructor(parts: FeedPassParts) {
    const { engine } = parts.network;
    this.#parts = parts;
    this.step = new StepUniform(engine.device, engine.buffers, parts.feed.chunks);
  }

  /**
   * Binds the program; best after all programs of a network are compiled, so that they share their temporaries.
   * @param accumulate runs after each chunk
   * @param label of it
   */
  async prepare(accumulate: readonly BoundDispatch[], label: string): Promise<void> {
    const { network, feed, program, signal } = this.#parts;
    await feed.prepare(this.step.buffer);
    signal?.throwIfAborted();
    this.#bound = await program.bind({
      arenas: { params: network.arenas, grads: {}, next: {} },
      inputs: { x: feed.x, y: feed.y, ...feed.inputs },
      step: this.step.buffer,
    });
    this.#disposers.push(this.#bound.dispose);
    const { kernels, dispose } = await network.engine.kernels(accumulate, label);
    this.#accumulate = kernels;
    this.#disposers.push(dispose);
  }

  encode(encoder: GPUCommandEncoder, batch: number): void {
    const { feed } = this.#parts;
    const chunks = selectChunks(feed, batch);
    this.step.write(chunks.map(({ start, valid, sampleStart }) => ({ batchStart: start, valid, sampleStart })));
    for (const chunk of chunks.keys()) {
      this.step.use(encoder, chunk);
      feed.encode(encoder, chunk);
      this.#bound!.encode(encoder);
      encodePass(encoder, this.#accumulate);
    }
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
    this.step.dispose();
  }
}
