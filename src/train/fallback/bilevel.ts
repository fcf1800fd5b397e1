import * as tf from "@tensorflow/tfjs-core";
import { type AlphaOptimizer, alphaOptimizer, EPSILON_LENGTH, needsSgd } from "../alphas.ts";
import type { TrainerConf } from "../conf.ts";
import { lossSettings } from "../loss-settings.ts";
import type { StepRates } from "../optimizers/spec.ts";
import type { HostBatch } from "./feed.ts";
import type { FallbackNetwork } from "./network.ts";
import { FallbackOptimizer } from "./optimizer.ts";
import type { FallbackProgram } from "./program.ts";

export interface BilevelContext {
  readonly network: FallbackNetwork;
  readonly conf: TrainerConf;
  /** The trainer's program, which has the weights' gradients. */
  readonly program: FallbackProgram;
  /** The weights' optimizer, whose next step the alphas look ahead to. */
  readonly weights: FallbackOptimizer;
  readonly stepsPerEpoch: number;
}

/** The alphas' step before each weight step; formulas and meaning are those of `BilevelOptimizer` in src/nas. */
export class FallbackBilevel {
  /** Of the alphas. */
  readonly optimizer: FallbackOptimizer;
  readonly #context: BilevelContext;
  readonly #rates: AlphaOptimizer;
  readonly #secondOrder: boolean;
  readonly #alphas: FallbackProgram;
  readonly #both: FallbackProgram | undefined;

  /** @throws SupernetError("config") on impossible settings */
  constructor(context: BilevelContext) {
    const { network, conf, weights, stepsPerEpoch } = context;
    this.#context = context;
    this.#secondOrder = conf.second_order ?? true;
    if (this.#secondOrder && weights.spec.type !== "sgd") throw needsSgd(weights.spec);
    this.#rates = alphaOptimizer(conf, stepsPerEpoch);
    const settings = { ...lossSettings(conf), runningStats: false };
    this.#alphas = network.trainingProgram({ ...settings, gradients: ["alphas"] });
    this.#both = this.#secondOrder
      ? network.trainingProgram({ ...settings, gradients: ["weights", "alphas"] })
      : undefined;
    this.optimizer = new FallbackOptimizer(this.#rates.spec, network.layouts.alphas, network.vectors.alphas);
  }

  /**
   * Moves the alphas.
   * @param train chunks of the batch that trains the weights next, and `val` as many that drive the alphas
   * @param rates the weights' of this step
   */
  step(step: number, train: readonly HostBatch[], val: readonly HostBatch[], rates: StepRates): void {
    const { network } = this.#context;
    const alphas = tf.tidy(() => {
      const gradients = train.map((chunk, index) =>
        // What a chunk needs on the way is freed before the next.
        tf.tidy(() => this.#gradient(chunk, val[index]!, rates)),
      );
      const gradient = tf.div(tf.addN(gradients), train.length) as tf.Tensor1D;
      return this.optimizer.step(network.vectors.alphas, gradient, this.#rates.rates(step));
    });
    network.set("alphas", alphas);
  }

  #gradient(train: HostBatch, val: HostBatch, rates: StepRates): tf.Tensor1D {
    if (!this.#secondOrder) return this.#alphas.run(val).gradient("alphas");
    const { network, program, weights } = this.#context;
    const w = network.vectors.weights;
    const g = tf.tidy(() => program.run(train).gradient("weights"));
    const direction = tf.addN([tf.mul(weights.momentum!, rates.momentum), g, tf.mul(weights.decay, w)]);
    const moved = tf.sub(w, tf.mul(direction, rates.lr)) as tf.Tensor1D;
    const [dw, dalpha] = tf.tidy(() => {
      const { gradient } = this.#both!.run(val, undefined, { weights: moved });
      return [gradient("weights"), gradient("alphas")] as [tf.Tensor1D, tf.Tensor1D];
    });
    const norm = tf.norm(dw);
    // Where there is no direction to differentiate along, the second term is left out.
    const epsilon = tf.divNoNan(tf.scalar(EPSILON_LENGTH), norm);
    const offset = tf.mul(dw, epsilon);
    const at = (shifted: tf.Tensor) =>
      tf.tidy(() => this.#alphas.run(train, undefined, { weights: shifted as tf.Tensor1D }).gradient("alphas"));
    const difference = tf.sub(at(tf.add(w, offset)), at(tf.sub(w, offset)));
    const hessian = tf.divNoNan(tf.mul(difference, rates.lr), tf.mul(epsilon, 2));
    return tf.sub(dalpha, hessian) as tf.Tensor1D;
  }

  dispose(): void {
    this.optimizer.dispose();
  }
}
