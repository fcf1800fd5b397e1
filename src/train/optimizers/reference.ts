import { type OptimizerSpec, stepRates } from "./spec.ts";

/** An optimizer in double precision on plain vectors: the definition that kernels are tested against. */
export interface ReferenceOptimizer {
  /**
   * Takes one step in place.
   *
   * @param rate learning rate, and momentum (Adam: beta1) if it differs from the spec's.
   * @param batchNormStart first element that decays with `decayBatchNorm`.
   */
  step(
    weights: Float64Array,
    gradient: ArrayLike<number>,
    rate: { lr: number; momentum?: number },
    batchNormStart?: number,
  ): void;
}

/** An optimizer for vectors of `length` elements, its state zero. */
export function referenceOptimizer(spec: OptimizerSpec, length: number): ReferenceOptimizer {
  switch (spec.type) {
    case "sgd":
      return sgd(spec, length);
    case "adam":
      return adam(spec, length);
    case "cocob":
      return cocob(spec, length);
  }
}

type Spec<T extends OptimizerSpec["type"]> = Extract<OptimizerSpec, { type: T }>;

function sgd(spec: Spec<"sgd">, length: number): ReferenceOptimizer {
  const velocity = new Float64Array(length);
  return {
    step(weights, gradient, rate, batchNormStart = length) {
      const momentum = rate.momentum ?? spec.momentum;
      for (let i = 0; i < length; i++) {
        const decay = i < batchNormStart ? spec.decay : spec.decayBatchNorm;
        const g = gradient[i]! + decay * weights[i]!;
        velocity[i] = momentum * velocity[i]! + g;
        weights[i]! -= rate.lr * (spec.nesterov ? g + momentum * velocity[i]! : velocity[i]!);
      }
    },
  };
}

function adam(spec: Spec<"adam">, length: number): ReferenceOptimizer {
  const first = new Float64Array(length);
  const second = new Float64Array(length);
  const beta2 = spec.betas[1];
  let count = 0;
  return {
    step(weights, gradient, rate, batchNormStart = length) {
      count++;
      const { momentum: beta1, adamC1, adamC2 } = stepRates(spec, count, rate);
      for (let i = 0; i < length; i++) {
        const decay = i < batchNormStart ? spec.decay : spec.decayBatchNorm;
        const g = gradient[i]! + decay * weights[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        weights[i]! -= (rate.lr * adamC1 * first[i]!) / (Math.sqrt(second[i]! * adamC2) + spec.epsilon);
      }
    },
  };
}

function cocob(spec: Spec<"cocob">, length: number): ReferenceOptimizer {
  const [scale, gradientSum, absoluteSum, reward, bet] = Array.from({ length: 5 }, () => new Float64Array(length));
  let initial: Float64Array | undefined;
  return {
    step(weights, gradient) {
      initial ??= weights.slice();
      for (let i = 0; i < length; i++) {
        const g = gradient[i]!;
        scale![i] = Math.max(scale![i]!, spec.epsilon, Math.abs(g));
        absoluteSum![i]! += Math.abs(g);
        gradientSum![i]! += g;
        reward![i] = Math.max(reward![i]! - bet![i]! * g, 0);
        const bound = Math.max(absoluteSum![i]! + scale![i]!, spec.alpha * scale![i]!);
        bet![i] = (-gradientSum![i]! / (scale![i]! * bound)) * (scale![i]! + reward![i]!);
        weights[i] = initial[i]! + bet![i]!;
      }
    },
  };
}

/** Norm over all vectors together, and the factor that brings it down to `maxNorm` (1 if it is below), as PyTorch. */
export function clipFactor(gradients: readonly ArrayLike<number>[], maxNorm: number): { norm: number; factor: number } {
  let squares = 0;
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) squares += gradient[i]! ** 2;
  const norm = Math.sqrt(squares);
  return { norm, factor: Math.min(1, maxNorm / (norm + 1e-6)) };
}
