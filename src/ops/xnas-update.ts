export interface XnasStep {
  readonly eta: number;
  readonly gradClip: number;
  /** Updates made so far, and how many there will be. */
  readonly t: number;
  readonly total: number;
  /** Whether alphas that cannot catch up any more are set to zero, for good. */
  readonly evict: boolean;
}

/**
 * Exponentiated-gradient update of one edge's alphas: aᵢ exp(η rᵢ), where the reward rᵢ is -⟨∂L/∂(edge output), output
 * of op i⟩. An op is evicted when even the best rewards in the remaining steps (each at most `gradClip`) could not lift
 * it to the leader: a < max(a) exp(-2 η gradClip (total - t)).
 */
export function updateXnasAlphas(alphas: ArrayLike<number>, rewards: ArrayLike<number>, step: XnasStep): number[] {
  const updated = Array.from(alphas, (alpha, i) => alpha * Math.exp(step.eta * (rewards[i] ?? 0)));
  if (!step.evict) return updated;
  const threshold = Math.max(...updated) * Math.exp(-2 * step.eta * step.gradClip * (step.total - step.t));
  return updated.map((alpha) => (alpha < threshold ? 0 : alpha));
}
