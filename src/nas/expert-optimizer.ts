import type { Arena } from "../runtime/webgpu/arena.ts";
import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import { type Experts, startExperts, updateExperts } from "../runtime/webgpu/experts.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import type { StepValues } from "../runtime/webgpu/step.ts";
import { addScaled } from "../runtime/webgpu/vector.ts";
import type { Feed } from "../train/feed.ts";
import { lossSettings } from "../train/loss-settings.ts";
import type { NamedBuffers } from "../train/snapshot.ts";
import type { HookContext, StepHook, StepHookFactory } from "../train/trainer.ts";
import type { ExpertAdvice } from "./experts.ts";
import { ValidationBatches } from "./validation-batches.ts";

/**
 * Alphas as the weights of experts (Nayman et al. 2019): before each weight step, one forward and backward pass of a whole
 * validation batch yields each sample's rewards, and the alphas take an exponentiated-gradient update. They are kept as
 * shares, which sum to 1 over an edge: alphas of different edges compare by how much each weighs in its own mixture.
 *
 * The network must be lowered with `rewards`: the gradients of its alphas then are rewards. Batch norms use the statistics of
 * the validation batch, so a sample's reward has a part in what its share of these statistics does to the other samples; the
 * running ones stay as they are.
 *
 * @param val batches that the rewards come from, same samples and chunks as the training feed
 * @param adviceOf what the updates go by
 */
export function expertOptimizer(val: Feed, adviceOf: (context: HookContext) => ExpertAdvice): StepHookFactory {
  return (context) => new ExpertOptimizer(context, val, adviceOf(context));
}

export class ExpertOptimizer implements StepHook {
  readonly beforeClip: readonly BoundDispatch[] = [];
  readonly experts: Experts;
  readonly #context: HookContext;
  readonly #val: Feed;
  readonly #batches: ValidationBatches;
  readonly #advice: ExpertAdvice;
  readonly #program: Program;
  readonly #chunkGradient: Arena;
  #bound: BoundProgram | undefined;
  #accumulate: readonly Kernel[] = [];
  #update: readonly Kernel[] = [];
  readonly #disposers: (() => void)[] = [];

  constructor(context: HookContext, val: Feed, advice: ExpertAdvice) {
    const { network, conf, train } = context;
    if (val.samples !== train.samples || val.chunks !== train.chunks) {
      throw new Error("training and validation batches must be cut alike");
    }
    this.#context = context;
    this.#val = val;
    this.#batches = new ValidationBatches(val);
    this.#advice = advice;
    this.#chunkGradient = network.arena("alphas", "rewards", "gradients");
    this.experts = {
      weights: network.arenas.alphas,
      logs: network.arena("alphas", "logarithms", "optimizer"),
      gradient: val.chunks === 1 ? this.#chunkGradient : network.arena("alphas", "summed rewards", "gradients"),
    };
    this.#program = network.trainingProgram({ ...lossSettings(conf), gradients: ["alphas"], runningStats: false });
  }

  async prepare(): Promise<void> {
    const { network, step, signal } = this.#context;
    const { engine } = network;
    const { experts } = this;
    await this.#val.prepare(step.buffer);
    signal?.throwIfAborted();
    this.#bound = await this.#program.bind({
      arenas: { params: network.arenas, grads: { alphas: this.#chunkGradient }, next: { state: network.stateShadow } },
      inputs: { x: this.#val.x, y: this.#val.y, ...this.#val.inputs },
      step: step.buffer,
    });
    this.#disposers.push(this.#bound.dispose);
    if (experts.gradient !== this.#chunkGradient) {
      this.#accumulate = await this.#kernels([addScaled(engine.tuning, experts.gradient, this.#chunkGradient)]);
    }
    this.#update = await this.#kernels(this.#updates());
    const start = await this.#kernels([startExperts(engine.tuning, experts)]);
    signal?.throwIfAborted();
    const encoder = engine.device.createCommandEncoder();
    encodePass(encoder, start);
    engine.device.queue.submit([encoder.finish()]);
  }

  #updates(): BoundDispatch[] {
    const { network, step } = this.#context;
    const samples = this.#val.samples * this.#val.chunks;
    const { groups, evictBy } = this.#advice;
    return groups.flatMap(({ names, rate, perSample, total }) => {
      const updates = samples * perSample;
      const update = { names, rate, evictBy, shares: true, updates, total, done: updates };
      return updateExperts(network.engine.tuning, this.experts, update, step.buffer);
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
    const { gradient } = this.experts;
    if (gradient !== this.#chunkGradient) encoder.clearBuffer(gradient.buffer);
    for (let chunk = 0; chunk < this.#val.chunks; chunk++) {
      step.use(encoder, chunk);
      this.#val.encode(encoder, chunk);
      this.#bound!.encode(encoder);
      if (this.#accumulate.length > 0) encodePass(encoder, this.#accumulate);
    }
    encodePass(encoder, this.#update);
  }

  get state(): NamedBuffers {
    return new Map([["experts", this.experts.logs.buffer]]);
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
  }
}
