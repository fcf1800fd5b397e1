/** Index of the largest logit, the first of equals, as `top_k` counts them. */
export function predictionOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k]! > logits[best]!) best = k;
  return best;
}

/** A table of counts, `[label][prediction]`, of no samples. */
export function countTable(classes: number): number[][] {
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
}

/**
 * Adds samples to a table of counts, `[label][prediction]`.
 *
 * @param logits row-major [samples, classes]; rows beyond the labels are passed over
 */
export function countPredictions(counts: readonly number[][], logits: Float32Array, labels: Uint32Array): void {
  const classes = counts.length;
  for (const [n, label] of labels.entries()) {
    const row = counts[label]!;
    row[predictionOf(logits.subarray(n * classes, (n + 1) * classes))]! += 1;
  }
}

/** Softmax of a row of logits. */
export function probabilitiesOf(logits: ArrayLike<number>): number[] {
  const row = Array.from(logits);
  const largest = Math.max(...row);
  const powers = row.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
