/** What the optimizer is told before a step. `momentum` is SGD's momentum or Adam's beta1, given only by schedules that vary it. */
export interface Rate {
  readonly lr: number;
  readonly momentum?: number;
}

/**
 * A schedule without its warm-up. Positions count epochs, or steps if `perStep`, from 0; every value is computed from the
 * position alone, so that resuming a run needs no schedule state.
 */
export interface Curve {
  readonly perStep: boolean;
  /** Where a warm-up ramp starts from and ends (times the multiplier): the curve's own first learning rate. */
  readonly start: Rate;
  /** `peak` is what the learning rate has been raised to by the warm-up: the optimizer's `lr` without one. */
  at(position: number, peak: number): Rate;
}

/** Half a cosine from `from` at 0 to `to` at 1; continues as a cosine beyond 1. */
export function cosineBetween(from: number, to: number, fraction: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * fraction));
}
