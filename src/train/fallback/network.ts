import * as tf from "@tensorflow/tfjs-core";
import type { ModelDesc } from "../../desc/model-desc.ts";
import { passes } from "../../graph/passes/index.ts";
import type { ParamRole, ParamSpec } from "../../graph/types.ts";
import { lowerModel } from "../../ops/model.ts";
import { ArenaLayout } from "../../runtime/webgpu/arena.ts";
import { evaluationGraph, type NetworkShape, type TrainingSettings, trainingGraph } from "../graphs.ts";
import { initialValues } from "../initial-values.ts";
import { FallbackProgram, type ProgramParameters, type Vectors } from "./program.ts";

const ROLES: readonly ParamRole[] = ["weights", "alphas", "state"];

/**
 * Passes that pay here, too. Bundles and sums over many terms are kernels of the engine; TensorFlow.js would only take them
 * apart again.
 */
const KEPT = ["common-subexpressions", "constant-folding", "dead-code"];
export const FALLBACK_PASSES = { without: passes.map(({ name }) => name).filter((name) => !KEPT.includes(name)) };

/** A model on TensorFlow.js's current backend: its parameters in one vector a role, and programs from its description. */
export class FallbackNetwork implements ProgramParameters {
  readonly desc: ModelDesc;
  readonly shape: NetworkShape;
  readonly params: readonly ParamSpec[];
  readonly layouts: Readonly<Record<ParamRole, ArenaLayout>>;
  readonly #vectors = new Map<ParamRole, tf.Tensor1D>();

  /**
   * Parameters start as the engine's do from this seed.
   * @throws SupernetError("desc" or "graph") when the description cannot be lowered
   */
  constructor(desc: ModelDesc, shape: NetworkShape, seed: number) {
    this.desc = desc;
    this.shape = shape;
    this.params = lowerModel(desc, { ...shape, training: true }).builder.build().params;
    const layout = (role: ParamRole) => new ArenaLayout(this.params, role);
    this.layouts = { weights: layout("weights"), alphas: layout("alphas"), state: layout("state") };
    const values = initialValues(this.params, seed);
    for (const role of ROLES) this.#vectors.set(role, tf.tensor1d(this.layouts[role].pack(values)));
  }

  /** The parameters as they are; they change with the next `set`. */
  get vectors(): Vectors {
    const vector = (role: ParamRole) => this.#vectors.get(role)!;
    return { weights: vector("weights"), alphas: vector("alphas"), state: vector("state") };
  }

  /** Replaces the parameters of a role; the network owns the vector from then on. */
  set(role: ParamRole, vector: tf.Tensor1D): void {
    this.#vectors.get(role)!.dispose();
    this.#vectors.set(role, vector);
  }

  /** Overwrites all parameters (weights, alphas and running statistics) by name; throws if one is not given. */
  load(tensors: ReadonlyMap<string, ArrayLike<number>>): void {
    const missing = this.params.find(({ name }) => !tensors.has(name));
    if (missing) throw new Error(`no values for ${missing.name}`);
    for (const role of ROLES) this.set(role, tf.tensor1d(this.layouts[role].pack(tensors)));
  }

  trainingProgram(settings: TrainingSettings): FallbackProgram {
    return new FallbackProgram(this, trainingGraph(this.desc, this.shape, settings, FALLBACK_PASSES));
  }

  evaluationProgram(smoothing: number, batch: number): FallbackProgram {
    return new FallbackProgram(this, evaluationGraph(this.desc, { ...this.shape, batch }, smoothing, FALLBACK_PASSES));
  }

  /** Parameters of some roles by name, in the order of `params`. */
  async save(roles: readonly ParamRole[] = ROLES): Promise<Map<string, Float32Array>> {
    const tensors = new Map<string, Float32Array>();
    for (const role of roles) {
      const data = (await this.vectors[role].data()) as Float32Array;
      for (const [name, values] of this.layouts[role].unpack(data)) tensors.set(name, values.slice());
    }
    return new Map(this.params.filter(({ name }) => tensors.has(name)).map(({ name }) => [name, tensors.get(name)!]));
  }

  dispose(): void {
    for (const vector of this.#vectors.values()) vector.dispose();
  }
}
