import type { Arena } from "../runtime/webgpu/arena.ts";
import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import { addScaled, GlobalNorm, scale } from "../runtime/webgpu/vector.ts";
import type { Network } from "./network.ts";
import { Optimizer, type OptimizerSpec } from "./optimizers/index.ts";

/** Roles that optimizers move. */
export type TrainedRole = "weights" | "alphas";

/** Which of a trainer's optimizers moves a role in each step; a role without one stays as it is, or a hook moves it. */
export type TrainedBy = Readonly<Partial<Record<TrainedRole, "optimizer" | "alpha_optimizer">>>;

/** An optimizer, and whose rates of the step uniform it goes by. */
export interface RoleUpdate {
  readonly spec: OptimizerSpec;
  readonly rates: "weights" | "alphas";
}

export interface UpdateSettings {
  /** By what is moved. */
  readonly updates: ReadonlyMap<TrainedRole, RoleUpdate>;
  /** Largest global norm of the gradient over all roles; 0 does not clip. */
  readonly clip: number;
  readonly chunks: number;
  /** Add the chunks' gradients up, as the reference does, instead of averaging them. */
  readonly sumChunks: boolean;
}

/**
 * From the gradients of a step's chunks to updated weights: accumulate, clip, optimize; all on the arenas.
 *
 * With one chunk the program's gradients are used as they are; with several, each chunk's is added to `gradient`.
 */
export class WeightUpdate {
  /** Where programs put a chunk's gradients. */
  readonly chunkGradient: Readonly<Record<TrainedRole, Arena>>;
  /** The gradients of the whole batch; the same arenas when there is one chunk. */
  readonly gradient: Readonly<Record<TrainedRole, Arena>>;
  readonly optimizers: ReadonlyMap<TrainedRole, Optimizer>;
  /** Norm before clipping; undefined without clipping. */
  readonly norm: GlobalNorm | undefined;
  readonly #network: Network;
  readonly #settings: UpdateSettings;
  #accumulate: readonly Kernel[] = [];
  #update: readonly Kernel[] = [];
  readonly #disposeKernels: (() => void)[] = [];

  constructor(network: Network, settings: UpdateSettings, step: GPUBuffer) {
    const { engine } = network;
    this.#network = network;
    this.#settings = settings;
    const arenas = (purpose: string) => ({
      weights: network.arena("weights", purpose, "gradients"),
      alphas: network.arena("alphas", purpose, "gradients"),
    });
    this.chunkGradient = arenas("gradient");
    this.gradient = settings.chunks === 1 ? this.chunkGradient : arenas("summed gradient");
    this.optimizers = new Map(
      [...settings.updates].map(([role, { spec, rates }]) => {
        const target = { weights: network.arenas[role], gradient: this.gradient[role], step, rates, label: role };
        return [role, new Optimizer(engine, spec, target)];
      }),
    );
    const gradients = this.#roles.map((role) => this.gradient[role]);
    const { clip } = settings;
    this.norm =
      clip > 0 ? new GlobalNorm(engine.buffers, engine.tuning, gradients, { clip }, "gradient norm") : undefined;
  }

  get #roles(): TrainedRole[] {
    return [...this.#settings.updates.keys()];
  }

  /** @param before dispatches to run on the batch's gradients before they are clipped */
  async prepare(before: readonly BoundDispatch[] = []): Promise<void> {
    const { engine } = this.#network;
    const { tuning } = engine;
    const { chunks, sumChunks } = this.#settings;
    const roles = this.#roles;
    const factor = sumChunks ? 1 : 1 / chunks;
    const accumulate = roles.map((role) => addScaled(tuning, this.gradient[role], this.chunkGradient[role], factor));
    const { norm } = this;
    const clipping = norm ? [...norm.dispatches, ...roles.map((role) => scale(tuning, this.gradient[role], norm))] : [];
    const steps = [...this.optimizers.values()].map(({ dispatch }) => dispatch);
    const update = await engine.kernels([...before, ...clipping, ...steps], "weight update");
    this.#update = update.kernels;
    this.#disposeKernels.push(update.dispose);
    if (chunks === 1) return;
    const accumulation = await engine.kernels(accumulate, "gradient accumulation");
    this.#accumulate = accumulation.kernels;
    this.#disposeKernels.push(accumulation.dispose);
  }

  /** Before the first chunk. */
  begin(encoder: GPUCommandEncoder): void {
    if (this.#settings.chunks === 1) return;
    for (const role of this.#roles) encoder.clearBuffer(this.gradient[role].buffer);
  }

  /** After each chunk's gradients are there. */
  accumulate(encoder: GPUCommandEncoder): void {
    if (this.#accumulate.length === 0) return;
    encodePass(encoder, this.#accumulate);
  }

  /** After the last chunk. */
  apply(encoder: GPUCommandEncoder): void {
    encodePass(encoder, this.#update);
  }

  /** Forgets momentum and the like; once the network has its starting weights. */
  reset(): void {
    const { device } = this.#network.engine;
    const encoder = device.createCommandEncoder();
    for (const optimizer of this.optimizers.values()) optimizer.reset(encoder);
    device.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    for (const dispose of this.#disposeKernels) dispose();
    for (const optimizer of this.optimizers.values()) optimizer.dispose();
    this.norm?.dispose();
  }
}
