/** @throws RangeError for no values */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values have no mean");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The sample standard deviation, √(Σ(x − mean)² / (n − 1)); undefined for fewer than two values, which say nothing about how
 * far others would lie apart.
 */
export function sampleDeviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The middle value, or the mean of the two in the middle. @throws RangeError for no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return mean(sorted.slice(sorted.length % 2 === 0 ? half - 1 : half, half + 1));
}

/** Mean ± sample standard deviation; the mean alone of a single value. */
export function meanText(values: readonly number[], write: (value: number) => string): string {
  const deviation = sampleDeviation(values);
  return deviation === undefined ? write(mean(values)) : `${write(mean(values))} ± ${write(deviation)}`;
}
