import * as tf from "@tensorflow/tfjs-core";
import type { ArenaLayout } from "../../runtime/webgpu/arena.ts";
import type { OptimizerSpec, StepRates } from "../optimizers/spec.ts";

type Spec<T extends OptimizerSpec["type"]> = Extract<OptimizerSpec, { type: T }>;
type State = Readonly<Record<string, tf.Tensor1D>>;

/** An optimizer of one vector of parameters, by the formulas of `optimizers/reference.ts`. */
export class FallbackOptimizer {
  readonly spec: OptimizerSpec;
  readonly #decay: tf.Tensor;
  #state: State;

  /** @param start the parameters as they are */
  constructor(spec: OptimizerSpec, layout: ArenaLayout, start: tf.Tensor1D) {
    this.spec = spec;
    this.#decay = decayOf(spec, layout);
    const zeros = () => tf.zerosLike(start);
    switch (spec.type) {
      case "sgd":
        this.#state = { momentum: zeros() };
        break;
      case "adam":
        this.#state = { moment1: zeros(), moment2: zeros() };
        break;
      case "cocob":
        this.#state = {
          initial: tf.clone(start),
          scale: zeros(),
          absoluteSum: zeros(),
          gradientSum: zeros(),
          reward: zeros(),
          bet: zeros(),
        };
    }
  }

  /** Weight decay: a number, or one per parameter. */
  get decay(): tf.Tensor {
    return this.#decay;
  }

  /** SGD's velocity; undefined for other optimizers. */
  get momentum(): tf.Tensor1D | undefined {
    return this.#state.momentum;
  }

  /** What a step leaves to the next, by name; it changes with the next step. */
  get state(): State {
    return this.#state;
  }

  /** Replaces the state. @param of gives each of its vectors, which are the optimizer's from then on */
  restore(of: (name: string, size: number) => tf.Tensor1D): void {
    const before = Object.entries(this.#state);
    this.#state = Object.fromEntries(before.map(([name, { size }]) => [name, of(name, size)]));
    tf.dispose(before.map(([, vector]) => vector));
  }

  /** The parameters after a step along a gradient; the caller disposes them. */
  step(weights: tf.Tensor1D, gradient: tf.Tensor1D, rates: StepRates): tf.Tensor1D {
    const { spec } = this;
    const [moved, state] = tf.tidy(() => {
      const next = this.#next(spec, weights, gradient, rates);
      return [next.weights, next.state] as [tf.Tensor1D, Record<string, tf.Tensor1D>];
    });
    const kept = new Set(Object.values(state));
    for (const vector of Object.values(this.#state)) if (!kept.has(vector)) vector.dispose();
    for (const vector of kept) tf.keep(vector);
    this.#state = state;
    return moved;
  }

  #next(spec: OptimizerSpec, weights: tf.Tensor1D, gradient: tf.Tensor1D, rates: StepRates) {
    if (spec.type === "cocob") return cocob(spec, this.#state, gradient);
    const decayed = tf.add(gradient, tf.mul(this.#decay, weights)) as tf.Tensor1D;
    return spec.type === "sgd"
      ? sgd(spec, this.#state, weights, decayed, rates)
      : adam(spec, this.#state, weights, decayed, rates);
  }

  dispose(): void {
    this.#decay.dispose();
    for (const vector of Object.values(this.#state)) vector.dispose();
  }
}

function decayOf(spec: OptimizerSpec, layout: ArenaLayout): tf.Tensor {
  if (spec.type === "cocob") return tf.scalar(0);
  if (spec.decay === spec.decayBatchNorm) return tf.scalar(spec.decay);
  const { length, batchNormStart } = layout;
  const values = new Float32Array(length).fill(spec.decay, 0, batchNormStart);
  return tf.tensor1d(values.fill(spec.decayBatchNorm, batchNormStart));
}

function sgd(spec: Spec<"sgd">, state: State, weights: tf.Tensor1D, g: tf.Tensor1D, { lr, momentum }: StepRates) {
  const velocity = tf.add(tf.mul(state.momentum!, momentum), g) as tf.Tensor1D;
  const direction = spec.nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
  return { weights: tf.sub(weights, tf.mul(direction, lr)) as tf.Tensor1D, state: { momentum: velocity } };
}

function adam(spec: Spec<"adam">, state: State, weights: tf.Tensor1D, g: tf.Tensor1D, rates: StepRates) {
  const { lr, momentum: beta1, adamC1, adamC2 } = rates;
  const beta2 = spec.betas[1];
  const moment1 = tf.add(tf.mul(state.moment1!, beta1), tf.mul(g, 1 - beta1)) as tf.Tensor1D;
  const moment2 = tf.add(tf.mul(state.moment2!, beta2), tf.mul(tf.square(g), 1 - beta2)) as tf.Tensor1D;
  const root = tf.add(tf.sqrt(tf.mul(moment2, adamC2)), spec.epsilon);
  const moved = tf.sub(weights, tf.div(tf.mul(moment1, lr * adamC1), root)) as tf.Tensor1D;
  return { weights: moved, state: { moment1, moment2 } };
}

function cocob({ alpha, epsilon }: Spec<"cocob">, state: State, g: tf.Tensor1D) {
  const size = tf.abs(g);
  const scale = tf.maximum(tf.maximum(state.scale!, size), epsilon) as tf.Tensor1D;
  const absoluteSum = tf.add(state.absoluteSum!, size) as tf.Tensor1D;
  const gradientSum = tf.add(state.gradientSum!, g) as tf.Tensor1D;
  const reward = tf.relu(tf.sub(state.reward!, tf.mul(state.bet!, g))) as tf.Tensor1D;
  const bound = tf.maximum(tf.add(absoluteSum, scale), tf.mul(scale, alpha));
  const share = tf.div(tf.neg(gradientSum), tf.mul(scale, bound));
  const bet = tf.mul(share, tf.add(scale, reward)) as tf.Tensor1D;
  const next = { initial: state.initial!, scale, absoluteSum, gradientSum, reward, bet };
  return { weights: tf.add(state.initial!, bet) as tf.Tensor1D, state: next };
}
