import * as tf from "@tensorflow/tfjs-core";
import type { NetworkDesc } from "../../desc/network-desc.ts";
import { passes } from "../../graph/passes/index.ts";
import type { ParamRole, ParamSpec } from "../../graph/types.ts";
import type { ArenaLayout } from "../../runtime/webgpu/arena.ts";
import { evaluationGraph, type NetworkShape, type TrainingSettings, trainingGraph } from "../graphs.ts";
import { initialValues } from "../initial-values.ts";
import { byRole, packParameters, parametersOf, ROLES, readParameters } from "../parameters.ts";
import { FallbackProgram, type ProgramParameters, type Vectors } from "./program.ts";

/**
 * Passes that pay here, too. Bundles and sums over many terms are kernels of the engine; TensorFlow.js would only take them
 * apart again.
 */
const KEPT = ["common-subexpressions", "constant-folding", "dead-code"];
export const FALLBACK_PASSES = { without: passes.map(({ name }) => name).filter((name) => !KEPT.includes(name)) };

/** A model on TensorFlow.js's current backend: its parameters in one vector a role, and programs from its description. */
export class FallbackNetwork implements ProgramParameters {
  readonly desc: NetworkDesc;
  readonly shape: NetworkShape;
  readonly params: readonly ParamSpec[];
  readonly layouts: Readonly<Record<ParamRole, ArenaLayout>>;
  #vectors: Vectors;

  /**
   * All parameters are zero until `initialise` or `load`.
   * @throws SupernetError("desc" or "graph") when the description cannot be lowered
   */
  constructor(desc: NetworkDesc, shape: NetworkShape) {
    this.desc = desc;
    this.shape = shape;
    ({ params: this.params, layouts: this.layouts } = parametersOf(desc, shape));
    this.#vectors = byRole((role) => tf.zeros([this.layouts[role].length]));
  }

  /** The parameters as they are; they change with the next `set`. */
  get vectors(): Vectors {
    return this.#vectors;
  }

  /** Replaces the parameters of a role; the network owns the vector from then on. */
  set(role: ParamRole, vector: tf.Tensor1D): void {
    this.#vectors[role].dispose();
    this.#vectors = { ...this.#vectors, [role]: vector };
  }

  /** Draws every parameter's start, the same as the engine's from this seed. */
  initialise(seed: number): void {
    this.load(initialValues(this.params, seed));
  }

  /** Overwrites all parameters (weights, alphas and running statistics) by name; throws if one is not given. */
  load(tensors: ReadonlyMap<string, ArrayLike<number>>): void {
    const vectors = packParameters(this, tensors);
    for (const role of ROLES) this.set(role, tf.tensor1d(vectors[role]));
  }

  trainingProgram(settings: TrainingSettings): FallbackProgram {
    return new FallbackProgram(this, trainingGraph(this.desc, this.shape, settings, FALLBACK_PASSES));
  }

  evaluationProgram(smoothing: number, batch: number): FallbackProgram {
    return new FallbackProgram(this, evaluationGraph(this.desc, { ...this.shape, batch }, smoothing, FALLBACK_PASSES));
  }

  /** Parameters of some roles by name, in the order of `params`. */
  save(roles: readonly ParamRole[] = ROLES): Promise<Map<string, Float32Array>> {
    return readParameters(this, roles, async (role) => (await this.vectors[role].data()) as Float32Array);
  }

  dispose(): void {
    tf.dispose(this.#vectors);
  }
}
