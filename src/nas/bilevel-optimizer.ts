import type { ParamRole } from "../graph/types.ts";
import type { Arena } from "../runtime/webgpu/arena.ts";
import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import { alphaRates, type StepValues } from "../runtime/webgpu/step.ts";
import { addScaled, GlobalNorm, shift, subtractHessianTerm, virtualStep } from "../runtime/webgpu/vector.ts";
import { type AlphaOptimizer, alphaOptimizer, EPSILON_LENGTH, needsSgd } from "../train/alphas.ts";
import type { Feed } from "../train/feed.ts";
import { lossSettings } from "../train/loss-settings.ts";
import { Optimizer, type OptimizerSpec } from "../train/optimizers/index.ts";
import type { NamedBuffers } from "../train/snapshot.ts";
import type { HookContext, StepHook, StepHookFactory } from "../train/trainer.ts";
import { ValidationBatches } from "./validation-batches.ts";

/**
 * The alphas' half of DARTS's bi-level optimization (Liu et al. 2019, section 2.3), before each weight step and entirely on
 * the device. With w' = w - ξ(μm + ∇L_train + λw), dw = ∂L_val(w', α)/∂w and w± = w ± ε dw,
 *
 *     ∂α = ∂L_val(w', α)/∂α - ξ (∂L_train(w+, α)/∂α - ∂L_train(w-, α)/∂α) / (2ε)
 *
 * and the alphas' optimizer takes a step along it. `second_order: false` sets ξ to 0: ∂α = ∂L_val(w, α)/∂α.
 *
 * `reference_quirks: true` does as Archai: dw and w± include the alphas, running statistics follow all passes but those of
 * w', the last chunk's gradient stands for the batch, and ∂α is added to the gradient of the weight step.
 *
 * @param val batches that drive the alphas, same samples and chunks as the training feed
 */
export function bilevel(val: Feed): StepHookFactory {
  return (context) => new BilevelOptimizer(context, val);
}

/** A program bound to some weights and data, and vector kernels, in the order of a chunk. */
type Stage = { encode(encoder: GPUCommandEncoder): void };

export class BilevelOptimizer implements StepHook {
  readonly beforeClip: readonly BoundDispatch[];
  /** Gradient of the alphas that the last step used. */
  readonly alphaGradient: Arena;
  /** Norm of dw and ε of the last chunk; undefined to first order. */
  readonly dwNorm: GlobalNorm | undefined;
  readonly #context: HookContext;
  readonly #val: Feed;
  readonly #batches: ValidationBatches;
  readonly #alphas: AlphaOptimizer;
  readonly #optimizer: Optimizer;
  readonly #chunkGradient: Arena;
  readonly #programs: Programs;
  /** Vectors of the second-order step; undefined to first order. */
  readonly scratch: Scratch | undefined;
  #chunkStages: readonly Stage[] = [];
  #update: readonly Kernel[] = [];
  readonly #disposers: (() => void)[] = [];

  constructor(context: HookContext, val: Feed) {
    const { network, conf, train, step, update } = context;
    const { engine } = network;
    if (val.samples !== train.samples || val.chunks !== train.chunks) {
      throw new Error("training and validation batches must be cut alike");
    }
    this.#context = context;
    this.#val = val;
    this.#batches = new ValidationBatches(val);
    this.#alphas = alphaOptimizer(conf, context.stepsPerEpoch);
    this.#chunkGradient = network.arena("alphas", "bi-level gradient", "gradients");
    const single = train.chunks === 1 || this.#quirks;
    this.alphaGradient = single
      ? this.#chunkGradient
      : network.arena("alphas", "summed bi-level gradient", "gradients");
    this.#optimizer = new Optimizer(engine, this.#alphas.spec, {
      weights: network.arenas.alphas,
      gradient: this.alphaGradient,
      step: step.buffer,
      rates: "alphas",
      label: "alphas",
    });
    this.scratch = this.#secondOrder ? makeScratch(context, this.#quirks) : undefined;
    const dw = this.scratch && [this.scratch.dw, ...(this.#quirks ? [this.#chunkGradient] : [])];
    this.dwNorm = dw && new GlobalNorm(engine.buffers, engine.tuning, dw, { stepOf: EPSILON_LENGTH }, "norm of dw");
    this.#programs = this.#compile();
    this.beforeClip = this.#quirks ? [addScaled(engine.tuning, update.gradient.alphas, this.alphaGradient)] : [];
  }

  get #quirks(): boolean {
    return this.#context.conf.reference_quirks ?? false;
  }

  get #secondOrder(): boolean {
    return this.#context.conf.second_order ?? true;
  }

  #compile(): Programs {
    const { network, conf, program } = this.#context;
    const settings = { ...lossSettings(conf), runningStats: this.#quirks };
    const alphas = network.trainingProgram({ ...settings, gradients: ["alphas"] });
    if (!this.#secondOrder) return { alphas };
    // The trainer's own program has the gradients that the virtual step needs, and perhaps all.
    const both = this.#quirks ? program : network.trainingProgram({ ...settings, gradients: ["weights", "alphas"] });
    return { alphas, weights: program, both };
  }

  async prepare(): Promise<void> {
    const { network, step, signal } = this.#context;
    const { engine } = network;
    await this.#val.prepare(step.buffer);
    const stages = this.scratch ? await this.#secondOrderStages(this.scratch) : [await this.#firstOrderStage()];
    if (this.alphaGradient !== this.#chunkGradient) {
      const share = 1 / this.#val.chunks;
      stages.push(await this.#vectors([addScaled(engine.tuning, this.alphaGradient, this.#chunkGradient, share)]));
    }
    this.#chunkStages = stages;
    const update = await engine.kernels([this.#optimizer.dispatch], "alpha update");
    this.#update = update.kernels;
    this.#disposers.push(update.dispose);
    signal?.throwIfAborted();
    const encoder = engine.device.createCommandEncoder();
    this.#optimizer.reset(encoder);
    engine.device.queue.submit([encoder.finish()]);
  }

  async #firstOrderStage(): Promise<Stage> {
    return this.#run(this.#programs.alphas, this.#val, {}, { alphas: this.#chunkGradient });
  }

  async #secondOrderStages(scratch: Scratch): Promise<Stage[]> {
    const { network, train, step, update } = this.#context;
    const { tuning } = network.engine;
    const { weights: trainProgram, both } = this.#programs;
    const { moved, movedAlphas, dw, plus, minus, spec, momentum } = scratch;
    const gradient = update.chunkGradient.weights;
    const epsilon = this.dwNorm!;
    const virtual = { weights: network.arenas.weights, momentum, gradient, decays: spec, step: step.buffer };
    const shifted = (factor: 1 | -1) => [
      shift(tuning, moved, { base: network.arenas.weights, direction: dw, norm: epsilon, factor }),
      ...(movedAlphas
        ? [
            shift(tuning, movedAlphas, {
              base: network.arenas.alphas,
              direction: this.#chunkGradient,
              norm: epsilon,
              factor,
            }),
          ]
        : []),
    ];
    const at = { weights: moved, ...(movedAlphas && { alphas: movedAlphas }) };
    const hessian = { plus, minus, epsilon, step: step.buffer };
    return [
      await this.#run(trainProgram!, train, this.#quirks ? {} : { state: scratch.state }, update.chunkGradient),
      await this.#vectors([virtualStep(tuning, moved, virtual)]),
      await this.#run(
        both!,
        this.#val,
        { weights: moved, state: scratch.state },
        { weights: dw, alphas: this.#chunkGradient },
      ),
      await this.#vectors([...epsilon.dispatches, ...shifted(1)]),
      await this.#run(this.#programs.alphas, train, at, { alphas: plus }),
      await this.#vectors(shifted(-1)),
      await this.#run(this.#programs.alphas, train, at, { alphas: minus }),
      await this.#vectors([subtractHessianTerm(tuning, this.#chunkGradient, hessian)]),
    ];
  }

  /** A run of a program on the network's parameters but those of `instead`. */
  async #run(
    program: Program,
    feed: Feed,
    instead: Partial<Record<ParamRole, Arena>>,
    grads: Partial<Record<ParamRole, Arena>>,
  ): Promise<BoundProgram> {
    const { network, step, signal } = this.#context;
    signal?.throwIfAborted();
    const bound = await program.bind({
      arenas: { params: { ...network.arenas, ...instead }, grads, next: { state: network.stateShadow } },
      inputs: { x: feed.x, y: feed.y, ...feed.inputs },
      step: step.buffer,
    });
    this.#disposers.push(bound.dispose);
    return bound;
  }

  async #vectors(dispatches: readonly BoundDispatch[]): Promise<Stage> {
    const { kernels, dispose } = await this.#context.network.engine.kernels(dispatches, "bi-level vectors");
    this.#disposers.push(dispose);
    return { encode: (encoder) => encodePass(encoder, kernels) };
  }

  startEpoch(epoch: number): void {
    this.#batches.startEpoch(epoch);
  }

  select(step: number, batch: number): Partial<StepValues>[] {
    const rates = alphaRates(this.#alphas.rates(step));
    return this.#batches.select(batch).map((chunk) => ({ ...chunk, ...rates }));
  }

  encode(encoder: GPUCommandEncoder): void {
    const { train, step } = this.#context;
    if (this.alphaGradient !== this.#chunkGradient) encoder.clearBuffer(this.alphaGradient.buffer);
    for (let chunk = 0; chunk < train.chunks; chunk++) {
      step.use(encoder, chunk);
      train.encode(encoder, chunk);
      this.#val.encode(encoder, chunk);
      for (const stage of this.#chunkStages) stage.encode(encoder);
    }
    encodePass(encoder, this.#update);
  }

  get state(): NamedBuffers {
    return new Map([...this.#optimizer.state].map(([name, { buffer }]) => [`alphas ${name}`, buffer]));
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
    this.#optimizer.dispose();
    this.dwNorm?.dispose();
  }
}

interface Programs {
  /** Gradients of the alphas alone. */
  readonly alphas: Program;
  /** Second order only: at least the weights' gradients, and both. */
  readonly weights?: Program;
  readonly both?: Program;
}

/** Vectors of the second-order step. */
export interface Scratch {
  /** w', then w+, then w-. */
  readonly moved: Arena;
  /** α+ and α-, where the reference moves them, too. */
  readonly movedAlphas: Arena | undefined;
  readonly dw: Arena;
  readonly plus: Arena;
  readonly minus: Arena;
  /** Running statistics that nobody reads. */
  readonly state: Arena;
  readonly spec: Extract<OptimizerSpec, { type: "sgd" }>;
  readonly momentum: Arena;
}

/** @throws SupernetError("config") when the weights' optimizer has no momentum to take a virtual step with */
function makeScratch({ network, update }: HookContext, quirks: boolean): Scratch {
  const optimizer = update.optimizers.get("weights");
  const momentum = optimizer?.state.get("momentum");
  if (optimizer?.spec.type !== "sgd" || !momentum) {
    throw needsSgd(optimizer?.spec);
  }
  const arena = (role: ParamRole, purpose: string) => network.arena(role, purpose, "second order");
  return {
    moved: arena("weights", "moved"),
    movedAlphas: quirks ? arena("alphas", "moved") : undefined,
    dw: arena("weights", "dw"),
    plus: arena("alphas", "gradient at w+"),
    minus: arena("alphas", "gradient at w-"),
    state: arena("state", "unused"),
    spec: optimizer.spec,
    momentum,
  };
}
