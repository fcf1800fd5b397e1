import { Arena } from "../../runtime/webgpu/arena.ts";
import type { BoundDispatch, Engine } from "../../runtime/webgpu/engine.ts";
import { f32 } from "../../runtime/webgpu/kernel.ts";
import { decayFields, overArena } from "../../runtime/webgpu/vector.ts";
import type { OptimizerSpec } from "./spec.ts";

/** What an optimizer works on. */
export interface OptimizerTarget {
  readonly weights: Arena;
  /** Same layout as `weights`. */
  readonly gradient: Arena;
  /** The step uniform, and whose rates of it apply. Alphas may well be moved with the weights' rates. */
  readonly step: GPUBuffer;
  readonly rates: "weights" | "alphas";
  /** Names the state's buffers. */
  readonly label: string;
}

const STATE = {
  sgd: ["momentum"],
  adam: ["moment1", "moment2"],
  cocob: ["initial", "scale", "absolute_sum", "gradient_sum", "reward", "bet"],
} as const;

/**
 * One optimizer's state on the device and the dispatch that takes a step: rates come from the step uniform (`stepRates`
 * computes them), weights and state are updated in place. State starts zeroed; call `reset` once the weights are there.
 */
export class Optimizer {
  readonly spec: OptimizerSpec;
  readonly target: OptimizerTarget;
  /** State vectors by name, in the layout of the weights: sgd has `momentum`. For checkpoints and the bi-level step. */
  readonly state: ReadonlyMap<string, Arena>;
  readonly dispatch: BoundDispatch;

  constructor(engine: Engine, spec: OptimizerSpec, target: OptimizerTarget) {
    this.spec = spec;
    this.target = target;
    const { layout } = target.weights;
    const arena = (name: string) => new Arena(engine.buffers, layout, `${target.label} ${name}`, "optimizer");
    this.state = new Map(STATE[spec.type].map((name) => [name, arena(name)]));
    this.dispatch = this.#update(engine);
  }

  /** Forgets everything: clears the state and takes the weights as they are as the starting point. */
  reset(encoder: GPUCommandEncoder): void {
    for (const { buffer } of this.state.values()) encoder.clearBuffer(buffer);
    const initial = this.state.get("initial");
    if (initial) encoder.copyBufferToBuffer(this.target.weights.buffer, 0, initial.buffer, 0, initial.buffer.size);
  }

  dispose(): void {
    for (const arena of this.state.values()) arena.dispose();
  }

  #update({ tuning }: Engine): BoundDispatch {
    const { spec } = this;
    const { weights, gradient, step, rates } = this.target;
    const state = [...this.state.values()].map(({ buffer }) => ({ buffer }));
    const conditions = { alphas: rates === "alphas" };
    switch (spec.type) {
      case "sgd":
        return {
          shader: "optim_sgd",
          conditions: { ...conditions, nesterov: spec.nesterov },
          ...overArena(weights, tuning, decayFields(weights, spec)),
          reads: [{ buffer: gradient.buffer }],
          writes: [{ buffer: weights.buffer }, ...state],
          step,
        };
      case "adam":
        return {
          shader: "optim_adam",
          conditions,
          ...overArena(weights, tuning, {
            ...decayFields(weights, spec),
            beta2: f32(spec.betas[1]),
            one_minus_beta2: f32(1 - spec.betas[1]),
            epsilon: f32(spec.epsilon),
          }),
          reads: [{ buffer: gradient.buffer }],
          writes: [{ buffer: weights.buffer }, ...state],
          step,
        };
      case "cocob":
        return {
          shader: "optim_cocob",
          ...overArena(weights, tuning, { alpha: f32(spec.alpha), epsilon: f32(spec.epsilon) }),
          reads: [{ buffer: gradient.buffer }, ...state.slice(0, 1)],
          writes: [{ buffer: weights.buffer }, ...state.slice(1)],
        };
    }
  }
}
