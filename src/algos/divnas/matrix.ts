/** A symmetric matrix, row-major. */
export interface Covariance {
  readonly size: number;
  readonly values: ArrayLike<number>;
}

/**
 * Variance below which a candidate counts as determined by others. Means over thousands of images in f32 are exact to some
 * 1e-6: what is left of two equal candidates is their rounding, whose logarithm would decide everything.
 */
const LEAST_VARIANCE = 1e-6;

/**
 * log det of the rows and columns of `chosen`, by Cholesky decomposition: the pivots are the variances that candidates have
 * given those before them. Of a singular matrix each vanishing pivot counts as `LEAST_VARIANCE`, so that the result is finite
 * and falls with every candidate that adds nothing. 0 for no candidates.
 */
export function logDeterminant({ size, values }: Covariance, chosen: readonly number[]): number {
  const count = chosen.length;
  const lower = new Float64Array(count * count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = values[chosen[i]! * size + chosen[j]!]!;
      for (let k = 0; k < j; k++) rest -= lower[i * count + k]! * lower[j * count + k]!;
      if (j < i) {
        lower[i * count + j] = rest / lower[j * count + j]!;
        continue;
      }
      // Not Math.max, which would let NaN through as NaN, and not the other way round, which would hide it.
      const variance = rest < LEAST_VARIANCE ? LEAST_VARIANCE : rest;
      lower[i * count + i] = Math.sqrt(variance);
      sum += Math.log(variance);
    }
  }
  return sum;
}
