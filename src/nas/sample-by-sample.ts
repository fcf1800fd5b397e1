import type { Arena } from "../runtime/webgpu/arena.ts";
import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import { type Experts, startExperts, updateExperts } from "../runtime/webgpu/experts.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import type { StepValues } from "../runtime/webgpu/step.ts";
import { addScaled, GlobalNorm, scale } from "../runtime/webgpu/vector.ts";
import type { Feed } from "../train/feed.ts";
import type { NamedBuffers } from "../train/snapshot.ts";
import type { HookContext, StepHook, StepHookFactory } from "../train/trainer.ts";
import type { ExpertAdvice } from "./experts.ts";
import { ValidationBatches } from "./validation-batches.ts";

/**
 * `ExpertOptimizer` as Archai does it: every sample of the validation batch takes a pass of its own, batch norm over that one
 * sample and running statistics included, and its rewards, not clipped, are applied before the next. The alphas are plain
 * products. What the last sample leaves of the weights' gradient, clipped, is added to that of the weight step.
 *
 * @param val batches that the rewards come from
 * @param adviceOf what the updates go by
 */
export function sampleBySample(val: Feed, adviceOf: (context: HookContext) => ExpertAdvice): StepHookFactory {
  return (context) => new SampleBySample(context, val, adviceOf(context));
}

export class SampleBySample implements StepHook {
  readonly beforeClip: readonly BoundDispatch[];
  /** Of the last sample's gradient of the weights, before clipping. */
  readonly norm: GlobalNorm | undefined;
  readonly #context: HookContext;
  readonly #val: Feed;
  readonly #batches: ValidationBatches;
  readonly #advice: ExpertAdvice;
  readonly #experts: Experts;
  readonly #program: Program;
  readonly #gradient: Arena;
  /** One sample: image and label. */
  readonly #x: GPUBuffer;
  readonly #y: GPUBuffer;
  #bound: BoundProgram | undefined;
  #clip: readonly Kernel[] = [];
  /** By sample. */
  #updates: (readonly Kernel[])[] = [];
  readonly #disposers: (() => void)[] = [];

  constructor(context: HookContext, val: Feed, advice: ExpertAdvice) {
    const { network, conf, update } = context;
    const { buffers, tuning } = network.engine;
    this.#context = context;
    this.#val = val;
    this.#batches = new ValidationBatches(val);
    this.#advice = advice;
    this.#gradient = network.arena("weights", "of a sample", "gradients");
    this.#experts = {
      weights: network.arenas.alphas,
      logs: network.arena("alphas", "logarithms", "optimizer"),
      gradient: network.arena("alphas", "rewards", "gradients"),
    };
    const { grad_clip: clip } = conf;
    this.norm = clip > 0 ? new GlobalNorm(buffers, tuning, [this.#gradient], { clip }, "norm of a sample") : undefined;
    // The reference's loss is plain cross entropy, whatever the trainer's.
    const settings = { auxWeight: 0, smoothing: 0, l1Alphas: 0, runningStats: true };
    this.#program = network.trainingProgram({ ...settings, gradients: ["weights", "alphas"] }, 1);
    this.#x = buffers.storage("image of a sample", val.x.size / val.samples, "data");
    this.#y = buffers.storage("label of a sample", val.y.size / val.samples, "data");
    this.beforeClip = [addScaled(tuning, update.gradient.weights, this.#gradient)];
  }

  async prepare(): Promise<void> {
    const { network, step, signal } = this.#context;
    const { engine } = network;
    const { tuning } = engine;
    await this.#val.prepare(step.buffer);
    signal?.throwIfAborted();
    this.#bound = await this.#program.bind({
      arenas: {
        params: network.arenas,
        grads: { weights: this.#gradient, alphas: this.#experts.gradient },
        next: { state: network.stateShadow },
      },
      inputs: { x: this.#x, y: this.#y },
      step: step.buffer,
    });
    this.#disposers.push(this.#bound.dispose);
    const { norm } = this;
    if (norm) this.#clip = await this.#kernels([...norm.dispatches, scale(tuning, this.#gradient, norm)]);
    const samples = this.#val.samples * this.#val.chunks;
    for (let sample = 0; sample < samples; sample++) {
      this.#updates.push(await this.#kernels(this.#updatesOf(sample, samples)));
    }
    const start = await this.#kernels([startExperts(tuning, this.#experts)]);
    signal?.throwIfAborted();
    const encoder = engine.device.createCommandEncoder();
    encodePass(encoder, start);
    engine.device.queue.submit([encoder.finish()]);
  }

  #updatesOf(sample: number, samples: number): BoundDispatch[] {
    const { network, step } = this.#context;
    const { groups, evictBy } = this.#advice;
    return groups.flatMap(({ names, rate, perSample, place = 0, total }) => {
      const done = sample * perSample + place + 1;
      const update = { names, rate, evictBy, shares: false, updates: samples * perSample, total, done };
      return updateExperts(network.engine.tuning, this.#experts, update, step.buffer);
    });
  }

  async #kernels(dispatches: readonly BoundDispatch[]): Promise<readonly Kernel[]> {
    const { kernels, dispose } = await this.#context.network.engine.kernels(dispatches, "experts");
    this.#disposers.push(dispose);
    return kernels;
  }

  startEpoch(epoch: number): void {
    this.#batches.startEpoch(epoch);
  }

  select(_step: number, batch: number): Partial<StepValues>[] {
    return this.#batches.select(batch);
  }

  encode(encoder: GPUCommandEncoder): void {
    const { step } = this.#context;
    const { chunks, samples } = this.#val;
    for (let chunk = 0; chunk < chunks; chunk++) {
      step.use(encoder, chunk);
      this.#val.encode(encoder, chunk);
      for (let sample = 0; sample < samples; sample++) {
        this.#choose(encoder, sample);
        this.#bound!.encode(encoder);
        encodePass(encoder, [...this.#clip, ...this.#updates[chunk * samples + sample]!]);
      }
    }
  }

  /** Copies a sample of the chunk; images lie plane after plane, all samples' side by side. */
  #choose(encoder: GPUCommandEncoder, sample: number): void {
    const { x, y, samples } = this.#val;
    const { height, width } = this.#context.network.shape;
    const plane = height * width * 16;
    for (let quad = 0; quad * plane < this.#x.size; quad++) {
      encoder.copyBufferToBuffer(x, (quad * samples + sample) * plane, this.#x, quad * plane, plane);
    }
    encoder.copyBufferToBuffer(y, sample * 4, this.#y, 0, 4);
  }

  get state(): NamedBuffers {
    return new Map([["experts", this.#experts.logs.buffer]]);
  }

  dispose(): void {
    const { buffers } = this.#context.network.engine;
    for (const dispose of this.#disposers) dispose();
    for (const buffer of [this.#x, this.#y]) buffers.destroy(buffer);
    this.norm?.dispose();
  }
}
